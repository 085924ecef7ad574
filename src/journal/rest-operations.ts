// Waking what rests after a failure, and dropping what waits for a target: a page at a time, so that neither holds
// the backlog in memory.

import { readStatus, statusKeyOf, writeStatus } from './enqueue.ts';
import {
  after,
  failureKey,
  laneKey,
  readyKey,
  restKey,
  restsOf,
  sequenceAt,
  sortable,
  taskKey,
  tasksOf,
} from './keys.ts';
import { headOf, keysToLeave, leave } from './lanes.ts';
import type { Memory } from './memory.ts';
import { decodeRecord } from './record.ts';
import { discarded } from './status-record.ts';
import type { Storage } from './storage.ts';
import type { KnownTarget } from './targets.ts';
import { decodeRest, uncount } from './task-operations.ts';
import { decodeTask, encodeTask, type TaskRecord } from './task-record.ts';
import type { Transaction } from './transaction.ts';
import type { TaskClass, TaskState } from './types.ts';
import type { Operation, Writer } from './writer.ts';

const pageRows = 250;

interface Rest {
  readonly key: string;
  readonly sequence: number;
  readonly class: TaskClass;
  readonly state: TaskState;
}

export interface WakePage {
  readonly target: KnownTarget;
  /** Rests from here on; the empty string for the first page. */
  readonly from: string;
  /** Those that are due by then; undefined for all. */
  readonly dueBy: number | undefined;
  /** Leaves alone what needs a person. */
  readonly unparkedOnly: boolean;
}

export interface PageDone {
  readonly count: number;
  /** Where the next page begins; undefined after the last. */
  readonly next: string | undefined;
}

export function wakePage(
  memory: Memory,
  page: WakePage,
  storage: () => Storage,
): Operation<PageDone> {
  const { target, dueBy } = page;
  const prefix = restsOf(target.number);
  let rests: Rest[] = [];
  let next: string | undefined;
  return {
    durable: false,
    grows: false,
    first: true,
    async prepare() {
      const before = dueBy === undefined ? after(prefix) : prefix + sortable(dueBy + 1);
      const from = page.from === '' ? prefix : page.from;
      const rows = await storage().page({ after: from, before, limit: pageRows });
      next = rows.length < pageRows ? undefined : rows.at(-1)?.[0];
      rests = rows
        .map(([key, value]) => parseRest(key, value))
        .filter(({ state }) => !page.unparkedOnly || state === 'failed');
    },
    keys: () => rests.flatMap((rest) => keysToWake(target, rest)),
    apply(transaction) {
      for (const rest of rests) wakeOne(memory, transaction, target, rest);
      return { count: rests.length, next };
    },
  };
}

/** Wakes the lane of one key. */
export function wakeKey(
  memory: Memory,
  target: KnownTarget,
  name: { readonly bucket: string; readonly key: string },
  storage: () => Storage,
): Operation<number> {
  let rest: Rest | undefined;
  return {
    durable: false,
    grows: false,
    first: true,
    async prepare() {
      rest = await findRest(storage(), target, name);
    },
    keys: () => (rest === undefined ? [] : keysToWake(target, rest)),
    apply(transaction) {
      if (rest === undefined || !transaction.has(rest.key)) return 0;
      wakeOne(memory, transaction, target, rest);
      return 1;
    },
  };
}

export function discardPage(
  memory: Memory,
  target: KnownTarget,
  from: string,
  storage: () => Storage,
): Operation<PageDone> {
  const prefix = tasksOf(target.number);
  let tasks: WaitingTask[] = [];
  return {
    durable: true,
    grows: false,
    first: true,
    async prepare() {
      const rows = await storage().page({
        after: from === '' ? prefix : from,
        before: after(prefix),
        limit: pageRows,
      });
      tasks = rows.map(([key, value]) => {
        const payload = decodeRecord(key, value);
        return { key, record: payload === undefined ? undefined : decodeTask(payload) };
      });
    },
    keys: () => tasks.flatMap((task) => keysToDiscard(target, task)),
    apply(transaction) {
      for (const task of tasks) discardOne(memory, transaction, target, task);
      const next = tasks.length < pageRows ? undefined : tasks.at(-1)?.key;
      return { count: tasks.length, next };
    },
  };
}

function keysToWake(target: KnownTarget, { key, sequence, ...rest }: Rest): string[] {
  return [key, readyKey(target.number, rest.class, sequence), taskKey(target.number, sequence)];
}

function wakeOne(memory: Memory, transaction: Transaction, target: KnownTarget, rest: Rest): void {
  const { sequence } = rest;
  if (!transaction.has(rest.key)) return;
  transaction.delete(rest.key);
  transaction.put(readyKey(target.number, rest.class, sequence), '');
  if (rest.state === 'quarantined') forgive(transaction, taskKey(target.number, sequence));
  transaction.afterCommit(() => {
    memory.queue(target).nextDue = 'unread';
    memory.becameReady(target, rest.class, sequence);
  });
}

/** Whoever wakes a quarantined task wants it tried: its crashes no longer count against it. */
function forgive(transaction: Transaction, key: string): void {
  const payload = transaction.get(key);
  if (payload === undefined) return;
  transaction.put(key, encodeTask({ ...decodeTask(payload), crashes: 0 }));
}

async function findRest(
  storage: Storage,
  target: KnownTarget,
  name: { readonly bucket: string; readonly key: string },
): Promise<Rest | undefined> {
  const lane = await read(storage, laneKey(target.number, name.bucket, name.key));
  const sequence = headOf(lane);
  if (sequence === undefined) return undefined;
  const payload = await read(storage, taskKey(target.number, sequence));
  const task = payload === undefined ? undefined : decodeTask(payload);
  if (task?.dueAt === undefined) return undefined;
  const key = restKey(target.number, task.dueAt, sequence);
  return { key, sequence, class: task.class, state: task.state };
}

async function read(storage: Storage, key: string): Promise<string | undefined> {
  const frame = await storage.get(key);
  return frame === undefined ? undefined : decodeRecord(key, frame);
}

/** A damaged row is woken as what does the least harm: a live task that failed. */
function parseRest(key: string, value: Buffer): Rest {
  const rest = decodeRest(decodeRecord(key, value) ?? 'lfailed');
  return { key, sequence: sequenceAt(key), ...rest };
}

/** Goes through all pages; others are written in between. */
export async function allPages(
  writer: Writer,
  operation: (from: string) => Operation<PageDone>,
): Promise<number> {
  let total = 0;
  let from: string | undefined = '';
  while (from !== undefined) {
    // oxlint-disable-next-line no-await-in-loop -- page after page
    const done: PageDone = await writer.submit(operation(from));
    total += done.count;
    from = done.next;
  }
  return total;
}

interface WaitingTask {
  readonly key: string;
  /** Undefined where it is damaged. */
  readonly record: TaskRecord | undefined;
}

function keysToDiscard(target: KnownTarget, { key, record }: WaitingTask): string[] {
  if (record === undefined) return [key];
  const sequence = sequenceAt(key);
  const place = { target: target.number, class: record.class, sequence };
  const keys = [key, failureKey(target.number, sequence), statusKeyOf(record.change)];
  if (record.dueAt !== undefined) keys.push(restKey(target.number, record.dueAt, sequence));
  return [...keys, ...keysToLeave(place, record.change)];
}

function discardOne(
  memory: Memory,
  transaction: Transaction,
  target: KnownTarget,
  { key, record }: WaitingTask,
): void {
  const sequence = sequenceAt(key);
  if (!transaction.has(key)) return;
  transaction.delete(key);
  if (record === undefined) return;
  const { change } = record;
  const place = { target: target.number, class: record.class, sequence };
  transaction.delete(failureKey(target.number, sequence));
  if (record.dueAt !== undefined) {
    transaction.delete(restKey(target.number, record.dueAt, sequence));
  }
  const next = leave(transaction, place, change);
  uncount(transaction.ledger.counts(target.number), record.state);
  const status = statusKeyOf(change);
  const touch = { change, epoch: target.epoch, sequence, at: memory.now() };
  const before = readStatus(memory, transaction, status);
  if (before !== undefined) writeStatus(memory, transaction, status, discarded(before, touch));
  transaction.afterCommit(() => {
    const queue = memory.queue(target);
    memory.inFlight.delete(sequence);
    queue.oldest.removed(sequence);
    queue.ready[record.class].remove(sequence);
    queue.nextDue = 'unread';
    if (next !== undefined) memory.becameReady(target, next.class, next.sequence);
  });
}
