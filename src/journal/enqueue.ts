// How changes become tasks: a task per target at the end of its lane, and one PENDING status per version. Used by
// what settles an intent and by what queues without one.

import { statusKey, taskKey } from './keys.ts';
import { append, laneOf } from './lanes.ts';
import type { Memory } from './memory.ts';
import { decodeStatus, encodeStatus, pending, type StatusRecord } from './status-record.ts';
import type { KnownTarget } from './targets.ts';
import { encodeTask, type TaskRecord, toTask } from './task-record.ts';
import type { Transaction } from './transaction.ts';
import type { Change, Task, TaskClass, TaskDraft } from './types.ts';

export interface ResolvedDraft {
  readonly change: Change;
  readonly class: TaskClass;
  /** The keys are made once: they are asked for when reading ahead and again when writing. */
  readonly statusKey: string;
  readonly lanes: readonly DraftLane[];
}

interface DraftLane {
  readonly target: KnownTarget;
  readonly key: string;
}

/** Throws where a target was never configured. */
export function resolveDrafts(memory: Memory, drafts: readonly TaskDraft[]): ResolvedDraft[] {
  return drafts.map(({ change, class: taskClass, targets: names }) => {
    const distinct = names.length > 1 ? [...new Set(names)] : names;
    const lanes = distinct.map((name) => {
      const target = memory.targets.get(name);
      return { target, key: laneOf(target.number, change) };
    });
    return { change, class: taskClass, statusKey: statusKeyOf(change), lanes };
  });
}

export function keysToEnqueue(drafts: readonly ResolvedDraft[]): string[] {
  const keys: string[] = [];
  for (const draft of drafts) {
    if (draft.lanes.length > 0) keys.push(draft.statusKey);
    for (const { key } of draft.lanes) keys.push(key);
  }
  return keys;
}

export function enqueue(
  memory: Memory,
  transaction: Transaction,
  drafts: readonly ResolvedDraft[],
): Task[] {
  const tasks: Task[] = [];
  for (const draft of drafts) enqueueDraft(memory, transaction, draft, tasks);
  return tasks;
}

function enqueueDraft(
  memory: Memory,
  transaction: Transaction,
  draft: ResolvedDraft,
  tasks: Task[],
): void {
  if (draft.lanes.length === 0) return;
  const key = draft.statusKey;
  const before = readStatus(memory, transaction, key);
  const queued: { sequence: number; epoch: number }[] = [];
  for (const lane of draft.lanes) {
    const { epoch } = lane.target;
    if (isTold(draft, before?.targets.has(epoch))) continue;
    const task = enqueueFor(memory, transaction, draft, lane);
    queued.push({ sequence: task.sequence, epoch });
    tasks.push(task);
  }
  if (queued.length === 0) return;
  writeStatus(memory, transaction, key, pending(before, draft.change, queued, memory.now()));
}

/**
 * A version comes into being once. Where an answer and a look at the source both tell of it, the second is too
 * late; but the background may send again what it finds missing, and the null version may be new content.
 */
function isTold(
  { change, class: taskClass }: ResolvedDraft,
  isKnown: boolean | undefined,
): boolean {
  if (isKnown !== true || taskClass !== 'live' || change.versionId === 'null') return false;
  return change.kind === 'object' || change.kind === 'marker';
}

function enqueueFor(
  memory: Memory,
  transaction: Transaction,
  { change, class: taskClass }: ResolvedDraft,
  { target, key: laneKey }: DraftLane,
): Task {
  const sequence = transaction.ledger.nextSequence++;
  const record: TaskRecord = {
    change,
    class: taskClass,
    state: 'waiting',
    attempts: 0,
    crashes: 0,
  };
  const place = { target: target.number, class: taskClass, sequence };
  transaction.insert(taskKey(target.number, sequence), encodeTask(record));
  const isHead = append(transaction, place, laneKey);
  transaction.ledger.counts(target.number).pending++;
  transaction.afterCommit(() => {
    memory.queue(target).oldest.added(sequence, change.acceptedAt);
    if (isHead) memory.becameReady(target, taskClass, sequence);
  });
  return toTask(record, sequence, target);
}

export const statusKeyOf = ({ bucket, key, versionId }: Change): string =>
  statusKey(bucket, key, versionId);

export function readStatus(
  memory: Memory,
  transaction: Transaction,
  key: string,
): StatusRecord | undefined {
  const payload = transaction.get(key);
  return payload === undefined ? undefined : decodeStatus(payload, memory.targets.isCurrent);
}

export function writeStatus(
  memory: Memory,
  transaction: Transaction,
  key: string,
  status: StatusRecord | undefined,
): void {
  if (status === undefined) transaction.delete(key);
  else transaction.put(key, encodeStatus(status));
  transaction.afterCommit(() => {
    memory.statuses.wrote(key, status);
  });
}
