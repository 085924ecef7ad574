// How a task is written down: its change, where it stands, and what a later attempt must know.

import { parsePayload } from './record.ts';
import type { Change, ChangeKind, Task, TaskClass, TaskFailure, TaskState } from './types.ts';

/** A task without what its key says. */
export interface TaskRecord {
  readonly change: Change;
  readonly class: TaskClass;
  readonly state: TaskState;
  readonly attempts: number;
  readonly crashes: number;
  readonly failure?: TaskFailure;
  /** When a task at rest is due, ms; kept while it is tried again. */
  readonly dueAt?: number;
  readonly upload?: { readonly id: string; readonly epoch: number };
}

export function encodeTask(task: TaskRecord): string {
  const { change, failure, upload } = task;
  const rare: Rare = {};
  if (change.etag !== undefined) rare.e = change.etag;
  if (change.partSizes !== undefined) rare.p = packSizes(change.partSizes);
  if (change.marker !== undefined) rare.m = change.marker ? 1 : 0;
  if (task.class === 'background') rare.b = 1;
  if (task.state !== 'waiting') rare.s = states.indexOf(task.state);
  if (task.attempts > 0) rare.a = task.attempts;
  if (task.crashes > 0) rare.c = task.crashes;
  if (failure !== undefined) rare.f = [failure.code, failure.reason, failure.at];
  if (task.dueAt !== undefined) rare.d = task.dueAt;
  if (upload !== undefined) rare.u = [upload.id, upload.epoch];
  const { bucket, key, versionId, acceptedAt } = change;
  return JSON.stringify([
    changeKinds.indexOf(change.kind),
    bucket,
    key,
    versionId,
    acceptedAt,
    rare,
  ]);
}

export function decodeTask(payload: string): TaskRecord {
  const [kind, bucket, key, versionId, acceptedAt, rare] = parsePayload<Stored>(payload);
  return {
    change: {
      kind: changeKinds[kind] ?? 'object',
      bucket,
      key,
      versionId,
      acceptedAt,
      ...(rare.e !== undefined && { etag: rare.e }),
      ...(rare.p !== undefined && { partSizes: unpackSizes(rare.p) }),
      ...(rare.m !== undefined && { marker: rare.m === 1 }),
    },
    class: rare.b === 1 ? 'background' : 'live',
    state: states[rare.s ?? 0] ?? 'waiting',
    attempts: rare.a ?? 0,
    crashes: rare.c ?? 0,
    ...(rare.f !== undefined && {
      failure: { code: rare.f[0], reason: rare.f[1], at: rare.f[2] },
    }),
    ...(rare.d !== undefined && { dueAt: rare.d }),
    ...(rare.u !== undefined && { upload: { id: rare.u[0], epoch: rare.u[1] } }),
  };
}

/** The task as the rest of the sidecar sees it. An upload at a former endpoint of the target is forgotten. */
export function toTask(
  record: TaskRecord,
  sequence: number,
  target: { readonly name: string; readonly epoch: number },
): Task {
  const { change, state, attempts, crashes, upload, failure } = record;
  const { name } = target;
  const task: Task = {
    sequence,
    target: name,
    class: record.class,
    change,
    state,
    attempts,
    crashes,
  };
  if (failure === undefined && upload === undefined) return task;
  return {
    ...task,
    ...(failure !== undefined && { failure }),
    ...(upload?.epoch === target.epoch && { uploadId: upload.id }),
  };
}

export type PackedSizes = (readonly [size: number, times: number])[];

/** Part sizes as runs: nearly all parts of an object are of one size. */
export function packSizes(sizes: readonly number[]): PackedSizes {
  const runs: [number, number][] = [];
  for (const size of sizes) {
    const run = runs.at(-1);
    if (run?.[0] === size) run[1]++;
    else runs.push([size, 1]);
  }
  return runs;
}

export function unpackSizes(runs: PackedSizes): number[] {
  return runs.flatMap(([size, times]) => Array.from({ length: times }, () => size));
}

/** Their places are what is written: only ever append. */
const changeKinds: readonly ChangeKind[] = [
  'object',
  'marker',
  'version-delete',
  'delete',
  'metadata',
];
const states: readonly TaskState[] = ['waiting', 'failed', 'parked', 'quarantined'];

type Stored = [number, string, string, string, number, Rare];

/** One letter each: a task should stay small. */
interface Rare {
  e?: string;
  p?: PackedSizes;
  m?: 0 | 1;
  b?: 1;
  s?: number;
  a?: number;
  c?: number;
  f?: readonly [code: string, reason: string, at: number];
  d?: number;
  u?: readonly [id: string, epoch: number];
}
