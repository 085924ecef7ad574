// The operations on tasks that are in flight.
//
//   waiting ─▶ in flight ─▶ done | failed (due later) | parked (due much later, needs a person) | quarantined
//
// In flight is a matter of memory: on disk a claimed task stays ready, with one more attempt, so that after a crash
// it is simply claimed again.

import { SidecarError } from '../errors.ts';
import { readStatus, statusKeyOf, writeStatus } from './enqueue.ts';
import { failureKey, numberMax, readyKey, restKey, taskKey } from './keys.ts';
import { keysToLeave, leave } from './lanes.ts';
import type { TaskCounts } from './ledger.ts';
import type { Memory, TargetQueue } from './memory.ts';
import { completed, failed } from './status-record.ts';
import type { Storage } from './storage.ts';
import type { KnownTarget } from './targets.ts';
import { decodeTask, encodeTask, type TaskRecord, toTask } from './task-record.ts';
import type { Transaction } from './transaction.ts';
import type { Claim, Completion, Postponement, Task, TaskState } from './types.ts';
import type { Operation } from './writer.ts';

/** An attempt that begins after so many crashes in a row would only crash again. */
export const crashesMax = 5;

export interface Claimed {
  readonly tasks: readonly Task[];
  /** In flight too, but not to be tried: to be put into quarantine. */
  readonly poisonous: readonly Task[];
}

export function claim(memory: Memory, claimed: Claim, storage: () => Storage): Operation<Claimed> {
  const queue: TargetQueue = memory.queue(memory.targets.get(claimed.target));
  const { target } = queue;
  let taken: number[] = [];
  return {
    durable: claimed.durable,
    grows: false,
    async prepare() {
      while (taken.length < claimed.max) {
        // oxlint-disable-next-line no-await-in-loop -- reads the disk only where the window is empty
        const sequence = await memory.take(queue, claimed.class, storage());
        if (sequence === undefined) return;
        taken.push(sequence);
      }
    },
    keys: () => taken.map((sequence) => taskKey(target.number, sequence)),
    apply(transaction) {
      const tasks: Task[] = [];
      const poisonous: Task[] = [];
      for (const sequence of taken) {
        const record = readTask(transaction, target, sequence);
        if (record === undefined) {
          memory.inFlight.delete(sequence);
        } else if (record.crashes >= crashesMax) {
          poisonous.push(toTask(record, sequence, target));
        } else {
          const { attempts, crashes } = record;
          const begun = { ...record, attempts: attempts + 1, crashes: crashes + 1 };
          transaction.put(taskKey(target.number, sequence), encodeTask(begun));
          tasks.push(toTask(begun, sequence, target));
        }
      }
      return { tasks, poisonous };
    },
    abandon() {
      for (const sequence of taken) giveBack(memory, target, claimed.class, sequence);
      taken = [];
    },
  };
}

/** Never due by itself: a person must wake it. */
export function quarantine({ crashes }: Task, at: number): Postponement {
  const reason = `the worker crashed ${crashes} times in a row on it; \`replicar retry\` tries it again`;
  const failure = { code: 'crashes', reason, at };
  return { failure, state: 'quarantined', dueAt: numberMax, orderly: false };
}

export function complete(memory: Memory, task: Task, completion: Completion): Operation<void> {
  const target = memory.targets.get(task.target);
  const { sequence, change } = task;
  const place = { target: target.number, class: task.class, sequence };
  const status = statusKeyOf(change);
  const key = taskKey(target.number, sequence);
  const failure = failureKey(target.number, sequence);
  return {
    durable: false,
    grows: false,
    keys: () => [key, failure, status, ...keysToLeave(place, change)],
    apply(transaction) {
      const record = readClaimed(memory, transaction, target, sequence);
      if (record === undefined) return;
      transaction.delete(key);
      transaction.delete(failure);
      const next = leave(transaction, place, change);
      uncount(transaction.ledger.counts(target.number), record.state);
      const touch = { change, epoch: target.epoch, sequence, at: memory.now() };
      const before = readStatus(memory, transaction, status);
      writeStatus(memory, transaction, status, completed(before, touch, completion));
      transaction.afterCommit(() => {
        memory.inFlight.delete(sequence);
        memory.queue(target).oldest.removed(sequence);
        if (next !== undefined) memory.becameReady(target, next.class, next.sequence);
      });
    },
  };
}

export function postpone(memory: Memory, task: Task, how: Postponement): Operation<void> {
  const target = memory.targets.get(task.target);
  const { sequence, change } = task;
  const key = taskKey(target.number, sequence);
  const ready = readyKey(target.number, task.class, sequence);
  const failure = failureKey(target.number, sequence);
  const status = statusKeyOf(change);
  const dueAt = Math.floor(Math.min(Math.max(how.dueAt, 0), numberMax));
  const rest = restKey(target.number, dueAt, sequence);
  return {
    durable: false,
    grows: false,
    keys: () => [key, ready, rest, failure, status],
    apply(transaction) {
      const record = readClaimed(memory, transaction, target, sequence);
      if (record === undefined) return;
      const crashes = how.orderly ? 0 : record.crashes;
      const resting = { ...record, state: how.state, failure: how.failure, dueAt, crashes };
      transaction.put(key, encodeTask(resting));
      transaction.delete(ready);
      transaction.put(rest, encodeRest(resting));
      transaction.put(failure, '');
      const counts = transaction.ledger.counts(target.number);
      uncount(counts, record.state);
      count(counts, how.state);
      const touch = { change, epoch: target.epoch, sequence, at: memory.now() };
      const before = readStatus(memory, transaction, status);
      writeStatus(memory, transaction, status, failed(before, touch, how.failure.reason));
      transaction.afterCommit(() => {
        memory.inFlight.delete(sequence);
        noteDue(memory.queue(target), dueAt);
      });
    },
  };
}

export function release(memory: Memory, task: Task): Operation<void> {
  const target = memory.targets.get(task.target);
  const { sequence } = task;
  const key = taskKey(target.number, sequence);
  return {
    durable: false,
    grows: false,
    keys: () => [key],
    apply(transaction) {
      const record = readClaimed(memory, transaction, target, sequence);
      if (record === undefined) return;
      const attempts = Math.max(record.attempts - 1, 0);
      const crashes = Math.max(record.crashes - 1, 0);
      transaction.put(key, encodeTask({ ...record, attempts, crashes }));
      transaction.afterCommit(() => {
        giveBack(memory, target, record.class, sequence);
      });
    },
  };
}

export function noteUpload(
  memory: Memory,
  task: Task,
  uploadId: string | undefined,
): Operation<void> {
  const target = memory.targets.get(task.target);
  const key = taskKey(target.number, task.sequence);
  return {
    durable: true,
    grows: false,
    keys: () => [key],
    apply(transaction) {
      const record = readClaimed(memory, transaction, target, task.sequence);
      if (record === undefined) return;
      const { upload: _, ...rest } = record;
      const noted: TaskRecord =
        uploadId === undefined ? rest : { ...rest, upload: { id: uploadId, epoch: target.epoch } };
      transaction.put(key, encodeTask(noted));
    },
  };
}

export function uncount(counts: TaskCounts, state: TaskState): void {
  counts.pending--;
  if (state !== 'waiting') counts.failed--;
  if (needsPerson(state)) counts.parked--;
}

export function count(counts: TaskCounts, state: TaskState): void {
  counts.pending++;
  if (state !== 'waiting') counts.failed++;
  if (needsPerson(state)) counts.parked++;
}

const needsPerson = (state: TaskState): boolean => state === 'parked' || state === 'quarantined';

/** What a rest row says of its task, so that waking need not read it. */
export function encodeRest({ class: taskClass, state }: TaskRecord): string {
  return `${taskClass === 'live' ? 'l' : 'b'}${state}`;
}

export function decodeRest(payload: string): Pick<TaskRecord, 'class' | 'state'> {
  return {
    class: payload.startsWith('b') ? 'background' : 'live',
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as encodeRest wrote it
    state: payload.slice(1) as TaskState,
  };
}

export function noteDue(queue: TargetQueue, dueAt: number): void {
  if (queue.nextDue === 'unread') return;
  queue.nextDue = Math.min(queue.nextDue ?? dueAt, dueAt);
}

/** The record of a task that must be there; its absence is a damage unless this group took it away. */
function readTask(
  transaction: Transaction,
  target: KnownTarget,
  sequence: number,
): TaskRecord | undefined {
  const key = taskKey(target.number, sequence);
  const payload = transaction.get(key);
  if (payload !== undefined) return decodeTask(payload);
  if (!transaction.wasDeleted(key)) transaction.missing(key);
  return undefined;
}

/** The record of a task in flight; undefined if it ended meanwhile, by its discarding say. */
function readClaimed(
  memory: Memory,
  transaction: Transaction,
  target: KnownTarget,
  sequence: number,
): TaskRecord | undefined {
  const payload = transaction.get(taskKey(target.number, sequence));
  if (payload === undefined) {
    memory.inFlight.delete(sequence);
    return undefined;
  }
  if (memory.inFlight.has(sequence)) return decodeTask(payload);
  throw new SidecarError(`task ${sequence} for ${target.name} is not in flight`, {
    code: 'not-claimed',
    retryable: false,
  });
}

function giveBack(
  memory: Memory,
  target: KnownTarget,
  taskClass: Task['class'],
  sequence: number,
): void {
  if (!memory.inFlight.delete(sequence)) return;
  memory.becameReady(target, taskClass, sequence);
}
