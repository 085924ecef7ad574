// Where each record lies. A key is a string that LevelDB orders by its UTF-8 bytes: one letter for the kind of
// record, then fixed-width numbers and escaped components, so that every range below is a prefix.
//
//   i id                        an open intent
//   t target sequence           a task; the oldest of a target comes first
//   l target bucket key         a lane that is not empty: how many tasks, its head, its tail
//   n target sequence           the task that follows this one in its lane (only where there is one)
//   r target class sequence     a head that may be claimed
//   w target due sequence       a head that waits after a failure
//   f target sequence           a task whose last attempt failed
//   s bucket key version        a status
//   m target bucket             a mark
//   p target                    a paused target
//
// l, n, r, w and f can be made again from t. A task never moves: its index rows are put and deleted in the batch
// that changes it.

import type { TaskClass } from './types.ts';

/** The kinds that are counted and summed. Their order is that of the numbers in the meta record. */
export const kinds = ['i', 't', 'l', 'n', 'r', 'w', 'f', 's', 'm', 'p'] as const;
export type Kind = (typeof kinds)[number];

/** The kind of a counted record; undefined for the uncounted ones and for what is no key of ours. */
export function kindOf(key: string): Kind | undefined {
  return kindByLetter.get(key.charAt(0));
}

const kindByLetter: ReadonlyMap<string, Kind> = new Map(kinds.map((kind) => [kind, kind]));

/** The kinds that are made from tasks alone. */
export const indexKinds: readonly Kind[] = ['l', 'n', 'r', 'w', 'f'];

/** Uncounted records: the numbers of the last commit, the marker's copy, and the note of a damage. */
export const metaKey = '!meta';
export const markerKey = '!marker';
export const damageKey = '!damage';

/** Above every key that begins with the prefix, for the upper end of a range. */
export const after = (prefix: string): string => `${prefix}\u{10ffff}`;

/** A prefix with a sequence behind it. */
export const sequenced = (prefix: string, sequence: number): string => prefix + sortable(sequence);

export const intentKey = (id: number): string => `i${sortable(id)}`;
export const tasksOf = (target: number): string => `t${short(target)}`;
export const taskKey = (target: number, sequence: number): string =>
  tasksOf(target) + sortable(sequence);
export const laneKey = (target: number, bucket: string, key: string): string =>
  `l${short(target)}${escape(bucket)}\0${escape(key)}`;
export const nextKey = (target: number, sequence: number): string =>
  `n${short(target)}${sortable(sequence)}`;
export const readyOf = (target: number, taskClass: TaskClass): string =>
  `r${short(target)}${taskClass === 'live' ? 'l' : 'b'}`;
export const readyKey = (target: number, taskClass: TaskClass, sequence: number): string =>
  readyOf(target, taskClass) + sortable(sequence);
export const restsOf = (target: number): string => `w${short(target)}`;
export const restKey = (target: number, dueAt: number, sequence: number): string =>
  restsOf(target) + sortable(dueAt) + sortable(sequence);
export const failuresOf = (target: number): string => `f${short(target)}`;
export const failureKey = (target: number, sequence: number): string =>
  failuresOf(target) + sortable(sequence);
export const statusesOf = (bucket: string, key: string): string =>
  `s${escape(bucket)}\0${escape(key)}\0`;
export const statusKey = (bucket: string, key: string, versionId: string): string =>
  statusesOf(bucket, key) + versionId;
export const markKey = (target: number, bucket: string): string => `m${short(target)}${bucket}`;
export const pausedKey = (target: number): string => `p${short(target)}`;

/** The sequence at the end of a t, n, r, w or f key. */
export const sequenceAt = (key: string): number => numberOf(key.slice(-8));
/** The due time within a w key. */
export const dueAtOf = (key: string): number => numberOf(key.slice(3, 11));
export const versionIdAt = (key: string, prefix: string): string => key.slice(prefix.length);
/** The target's number in a t, l, n, r, w, f, m or p key. */
export const targetAt = (key: string): number => numberOf(key.slice(1, 3));

/** The bucket that an l, s or m key names; undefined where the key is beyond reading. */
export function bucketAt(key: string): string | undefined {
  if (key.startsWith('m')) return key.slice(3);
  const component = key.slice(key.startsWith('l') ? 3 : 1).split('\0', 1)[0];
  return component === undefined || component === '' ? undefined : unescape(component);
}

/** The largest number that a key can hold; also the due time of what is never due. */
export const numberMax = 2 ** 48 - 1;
/** How many targets the two digits of a target's number can tell apart. */
export const targetsMax = 64 * 64;

const digits = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';
const pairs = Array.from(
  { length: targetsMax },
  (_, pair) => digits.charAt(pair >> 6) + digits.charAt(pair & 63),
);

/** Eight digits to the base of 64 whose order is that of the numbers. */
export function sortable(value: number): string {
  const high = Math.floor(value / 0x1000000);
  const low = value % 0x1000000;
  return short(high >>> 12) + short(high & 4095) + short(low >>> 12) + short(low & 4095);
}

function short(value: number): string {
  return pairs[value] ?? '';
}

export function numberOf(text: string): number {
  let value = 0;
  for (const digit of text) value = value * 64 + digits.indexOf(digit);
  return value;
}

/** Keeps the order of the strings and never contains the NUL that ends a component. */
function escape(component: string): string {
  if (!reserved.test(component)) return component;
  return component.replaceAll('\u0001', '\u0001\u0002').replaceAll('\0', '\u0001\u0001');
}

function unescape(component: string): string {
  return component.replaceAll('\u0001\u0001', '\0').replaceAll('\u0001\u0002', '\u0001');
}

// oxlint-disable-next-line no-control-regex -- the two characters that the escape is about
const reserved = /[\0\u0001]/;
