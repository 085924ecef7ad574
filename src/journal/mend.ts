// Making everything that follows from the tasks anew, and the sums over what is live. It reads the whole journal,
// page by page; it runs only after a damage, and begins again if it was interrupted.

import type { Damage, DamageNote } from './damage.ts';
import {
  damageKey,
  failureKey,
  indexKinds,
  kindOf,
  markKey,
  numberOf,
  readyKey,
  restKey,
  sequenceAt,
  targetAt,
} from './keys.ts';
import { append, laneOf } from './lanes.ts';
import { Ledger } from './ledger.ts';
import { putMark } from './marks.ts';
import { decodeRecord, encodeRecord, hashOf } from './record.ts';
import type { BatchEntry, Row, Storage } from './storage.ts';
import type { Targets } from './targets.ts';
import { count, encodeRest } from './task-operations.ts';
import { decodeTask, type TaskRecord } from './task-record.ts';
import { Transaction } from './transaction.ts';

const pageRows = 500;

export interface MendOptions {
  readonly storage: Storage;
  readonly targets: Targets;
  /** The targets that marks are made for where it is not known which are concerned. */
  readonly configured: readonly string[];
  /** The last numbers known; undefined where they are lost too. */
  readonly ledger: Ledger | undefined;
  readonly inFlight: ReadonlySet<number>;
  readonly now: () => number;
}

/** Repairs the journal in place. What is found damaged on the way is added to the damage. Returns the new numbers. */
export async function mend(damage: Damage, options: MendOptions): Promise<Ledger> {
  const { storage } = options;
  await storage.batch([noteEntry(damage, true, options.now())], true);
  // oxlint-disable-next-line no-await-in-loop -- a handful of ranges
  for (const kind of indexKinds) await storage.clear(kind);
  let ledger = new Ledger();
  ledger.batch = options.ledger?.batch ?? 0;
  ledger.nextSequence = options.ledger?.nextSequence ?? 1;
  const scan = storage.scan();
  try {
    /* oxlint-disable no-await-in-loop -- page after page */
    for (let rows = await scan.next(pageRows); rows.length > 0; rows = await scan.next(pageRows)) {
      ledger = await mendPage(rows, ledger, damage, options);
    }
    /* oxlint-enable no-await-in-loop */
  } finally {
    await scan.close();
  }
  return conclude(damage, ledger, options);
}

async function mendPage(
  rows: readonly Row[],
  ledger: Ledger,
  damage: Damage,
  { storage, targets, inFlight }: MendOptions,
): Promise<Ledger> {
  const tasks: [key: string, record: TaskRecord][] = [];
  const lost: BatchEntry[] = [];
  for (const [key, value] of rows) {
    if (key.startsWith('!')) continue;
    const kind = kindOf(key);
    const payload = decodeRecord(key, value);
    if (kind === undefined || payload === undefined) {
      damage.addRecord(key, targets);
      lost.push({ type: 'del', key });
      continue;
    }
    ledger.add(kind, hashOf(value));
    ledger.nextSequence = Math.max(ledger.nextSequence, numberIn(key) + 1);
    if (kind === 't') tasks.push([key, decodeTask(payload)]);
  }
  const lanes = [...new Set(tasks.map(([key, { change }]) => laneOf(targetAt(key), change)))];
  const frames = await storage.getMany(lanes);
  const known = new Map(lanes.map((lane, index) => [lane, frames[index]]));
  const transaction = new Transaction(ledger, known, (key) => damage.addRecord(key, targets));
  for (const [key, record] of tasks) indexTask(transaction, key, record, inFlight);
  await storage.batch([...lost, ...transaction.seal()], false);
  return transaction.ledger;
}

/** Writes the index rows of one task, which comes after all before it in its lane. */
function indexTask(
  transaction: Transaction,
  key: string,
  record: TaskRecord,
  inFlight: ReadonlySet<number>,
): void {
  const target = targetAt(key);
  const sequence = sequenceAt(key);
  const lane = laneOf(target, record.change);
  const isHead = append(transaction, { target, class: record.class, sequence }, lane);
  count(transaction.ledger.counts(target), record.state);
  if (record.state === 'waiting') return;
  transaction.insert(failureKey(target, sequence), '');
  // One that was woken goes back to its rest; only who is being tried stays ready.
  if (!isHead || record.dueAt === undefined || inFlight.has(sequence)) return;
  transaction.delete(readyKey(target, record.class, sequence));
  transaction.insert(restKey(target, record.dueAt, sequence), encodeRest(record));
}

/** Marks what must be gone over, and ends the repair, in one durable batch. */
async function conclude(
  damage: Damage,
  ledger: Ledger,
  { storage, targets, configured, now }: MendOptions,
): Promise<Ledger> {
  const at = now();
  const marks = damage.affected.flatMap(({ bucket, target }) =>
    (target === '*' ? configured : [target]).map((name) => ({
      bucket,
      target: name,
      reason: `the journal was damaged: ${damage.reason}`,
      at,
    })),
  );
  const keys = marks.map(({ bucket, target }) => markKey(targets.get(target).number, bucket));
  const frames = await storage.getMany(keys);
  const known = new Map(keys.map((key, place) => [key, frames[place]]));
  const transaction = new Transaction(ledger, known, (key) => damage.addRecord(key, targets));
  for (const mark of marks) putMark(transaction, targets, mark, true);
  const note: BatchEntry =
    marks.length > 0 ? noteEntry(damage, false, at) : { type: 'del', key: damageKey };
  await storage.batch([...transaction.seal(), note], true);
  return transaction.ledger;
}

export function noteEntry(damage: Damage, mending: boolean, at: number): BatchEntry {
  const note: DamageNote = { at, reason: damage.reason, affected: damage.affected, mending };
  const value = encodeRecord(damageKey, JSON.stringify(note));
  return { type: 'put', key: damageKey, value };
}

/** The sequence or id in the key of a task or an intent. */
function numberIn(key: string): number {
  if (key.startsWith('t')) return sequenceAt(key);
  return key.startsWith('i') ? numberOf(key.slice(1)) : 0;
}
