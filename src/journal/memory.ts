// What the journal keeps in memory of its tasks: windows of bounded size, who is in flight, who wants to know of
// ready tasks. All of it can be made anew from the disk.

import {
  after,
  dueAtOf,
  failuresOf,
  readyOf,
  restsOf,
  sequenceAt,
  sequenced,
  taskKey,
  tasksOf,
} from './keys.ts';
import type { Ledger } from './ledger.ts';
import { OldestWindow } from './oldest-window.ts';
import { ReadyWindow } from './ready-window.ts';
import { decodeRecord } from './record.ts';
import type { StatusCache } from './status-cache.ts';
import type { Row, Storage } from './storage.ts';
import type { KnownTarget, Targets } from './targets.ts';
import { decodeTask } from './task-record.ts';
import type { TaskClass } from './types.ts';

/** How many tasks a target keeps in each of its windows. */
const windowMax = 256;

export interface TargetQueue {
  readonly target: KnownTarget;
  readonly ready: Readonly<Record<TaskClass, ReadyWindow>>;
  readonly oldest: OldestWindow;
  /** When its next rest is due; `unread` where the disk must be asked. */
  nextDue: number | undefined | 'unread';
}

export class Memory {
  readonly targets: Targets;
  readonly statuses: StatusCache;
  readonly now: () => number;
  /** The sequences that were claimed and not yet given back. */
  readonly inFlight = new Set<number>();
  readonly #queues = new Map<number, TargetQueue>();
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #becameReady = new Set<string>();

  constructor(targets: Targets, statuses: StatusCache, now: () => number) {
    this.targets = targets;
    this.statuses = statuses;
    this.now = now;
  }

  queue(target: KnownTarget): TargetQueue {
    let queue = this.#queues.get(target.number);
    if (queue === undefined) {
      queue = {
        target,
        ready: { live: new ReadyWindow(windowMax), background: new ReadyWindow(windowMax) },
        oldest: new OldestWindow(windowMax),
        nextDue: 'unread',
      };
      this.#queues.set(target.number, queue);
    }
    return queue;
  }

  /** Everything that mirrors the disk is read anew. Who is in flight stays so. */
  forget(): void {
    this.#queues.clear();
    this.statuses.clear();
  }

  becameReady(target: KnownTarget, taskClass: TaskClass, sequence: number): void {
    this.queue(target).ready[taskClass].insert(sequence);
    this.#becameReady.add(target.name);
  }

  onReady(name: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => {
      listeners.delete(listener);
    };
  }

  /** Tells of what became ready since the last time, once per target. */
  notify(): void {
    const names = [...this.#becameReady];
    this.#becameReady.clear();
    for (const name of names) {
      for (const listener of this.#listeners.get(name) ?? []) listener();
    }
  }

  notifyAll(): void {
    for (const name of this.#listeners.keys()) this.#becameReady.add(name);
    this.notify();
  }

  /** Reads ahead what the windows need, so that the numbers told outside are exact. */
  async refill(storage: Storage, ledger: Ledger): Promise<void> {
    for (const number of ledger.targetsWithTasks()) {
      const target = this.targets.byNumber(number);
      if (target === undefined) continue;
      const { oldest } = this.queue(target);
      // oxlint-disable-next-line no-await-in-loop -- rare: once in many completions, or at the start
      if (oldest.needsFill()) await fillOldest(oldest, number, storage);
    }
  }

  /** The oldest ready task of a class that is not in flight, which it then is. */
  async take(
    queue: TargetQueue,
    taskClass: TaskClass,
    storage: Storage,
  ): Promise<number | undefined> {
    const window = queue.ready[taskClass];
    while (window.needsFill()) {
      // oxlint-disable-next-line no-await-in-loop -- page after page until one holds a task that is not in flight
      await this.#fillReady(window, readyOf(queue.target.number, taskClass), storage);
    }
    const sequence = window.take();
    if (sequence !== undefined) this.inFlight.add(sequence);
    return sequence;
  }

  async #fillReady(window: ReadyWindow, prefix: string, storage: Storage): Promise<void> {
    const limit = window.room;
    const from = sequenced(prefix, window.through);
    const rows = await storage.page({ after: from, before: after(prefix), limit });
    const sequences = rows.map(([key]) => sequenceAt(key));
    window.extend(sequences, rows.length < limit, (sequence) => this.inFlight.has(sequence));
  }
}

export async function readNextDue(
  queue: TargetQueue,
  storage: Storage,
): Promise<number | undefined> {
  if (queue.nextDue !== 'unread') return queue.nextDue;
  const prefix = restsOf(queue.target.number);
  const [row] = await storage.page({ after: prefix, before: after(prefix), limit: 1 });
  return row === undefined ? undefined : dueAtOf(row[0]);
}

/** A page of a target's failed tasks, in order. */
export function pageOfFailures(
  storage: Storage,
  target: number,
  from: number,
  limit: number,
): Promise<Row[]> {
  const prefix = failuresOf(target);
  return storage.page({ after: sequenced(prefix, from), before: after(prefix), limit });
}

async function fillOldest(window: OldestWindow, target: number, storage: Storage): Promise<void> {
  const limit = window.room;
  const rows = await storage.page({
    after: taskKey(target, window.through),
    before: after(tasksOf(target)),
    limit,
  });
  const tasks = rows.map(([key, value]) => {
    const payload = decodeRecord(key, value);
    const acceptedAt = payload === undefined ? 0 : decodeTask(payload).change.acceptedAt;
    return [sequenceAt(key), acceptedAt] as const;
  });
  window.extend(tasks, rows.length === limit);
}
