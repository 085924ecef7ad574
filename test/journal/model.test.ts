/* oxlint-disable no-await-in-loop -- one command after the other is what is tested */

// A small model of lanes, tasks and statuses, and the real journal beside it, reopened as one of the commands.

import { rm } from 'node:fs/promises';
import test from 'ava';
import * as fc from 'fast-check';
import { openJournal } from '../../src/journal/open-journal.ts';
import type { OpenedJournal } from '../../src/journal/options.ts';
import type { ChangeKind, Task, TaskClass, TaskState } from '../../src/journal/types.ts';
import { change, failure, intent, settings, temporaryFolder } from './arrangement.ts';

const names = ['site-b', 'site-c'];
const keys = ['a', 'a\0', 'ab'];
const kinds: readonly ChangeKind[] = ['object', 'marker', 'version-delete', 'metadata'];

interface ModelTask {
  readonly sequence: number;
  readonly target: string;
  readonly key: string;
  readonly versionId: string;
  readonly kind: ChangeKind;
  readonly class: TaskClass;
  state: TaskState;
  attempts: number;
  crashes: number;
  inFlight: boolean;
  /** Undefined: ready, or behind the head of its lane. */
  restsUntil: number | undefined;
}

interface ModelStatus {
  state: 'PENDING' | 'COMPLETED' | 'FAILED';
  last: number;
  targetVersionId: string | undefined;
}

class Model {
  tasks: ModelTask[] = [];
  readonly statuses = new Map<string, ModelStatus>();

  isHead(task: ModelTask): boolean {
    return this.tasks.find((other) => isSameLane(other, task)) === task;
  }

  ready(target: string, taskClass: TaskClass): ModelTask[] {
    return this.tasks.filter(
      (task) =>
        task.target === target &&
        task.class === taskClass &&
        !task.inFlight &&
        task.restsUntil === undefined &&
        this.isHead(task),
    );
  }

  rests(target: string): ModelTask[] {
    return this.tasks.filter((task) => task.target === target && task.restsUntil !== undefined);
  }

  counts(target: string): object {
    const mine = this.tasks.filter((task) => task.target === target);
    return {
      pending: mine.length,
      failed: mine.filter(({ state }) => state !== 'waiting').length,
      parked: mine.filter(({ state }) => state === 'parked' || state === 'quarantined').length,
    };
  }
}

const isSameLane = (one: ModelTask, other: ModelTask): boolean =>
  one.target === other.target && one.key === other.key;

const statusName = (task: { target: string; key: string; versionId: string }): string =>
  JSON.stringify([task.target, task.key, task.versionId]);

type Command =
  | {
      readonly do: 'enqueue';
      readonly kind: ChangeKind;
      readonly key: string;
      readonly version: number;
      readonly targets: readonly string[];
      readonly class: TaskClass;
      readonly intent: boolean;
    }
  | {
      readonly do: 'claim';
      readonly target: string;
      readonly class: TaskClass;
      readonly max: number;
    }
  | { readonly do: 'complete' | 'release'; readonly pick: number }
  | {
      readonly do: 'postpone';
      readonly pick: number;
      readonly state: 'failed' | 'parked';
      readonly dueAt: number;
      readonly orderly: boolean;
    }
  | { readonly do: 'wake'; readonly target: string; readonly which: 'all' | 'unparked' | number }
  | { readonly do: 'wakeKey'; readonly target: string; readonly key: string }
  | { readonly do: 'discard'; readonly target: string }
  | { readonly do: 'reopen' | 'scrub' };

const target = fc.constantFrom(...names);
const taskClass = fc.constantFrom<TaskClass>('live', 'background');
const pick = fc.nat(20);
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('enqueue' as const),
      kind: fc.constantFrom(...kinds),
      key: fc.constantFrom(...keys),
      version: fc.nat(2),
      targets: fc.uniqueArray(target, { minLength: 1 }),
      class: taskClass,
      intent: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('claim' as const),
      target,
      class: taskClass,
      max: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('complete' as const, 'release' as const), pick }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('postpone' as const),
      pick,
      state: fc.constantFrom('failed' as const, 'parked' as const),
      dueAt: fc.integer({ min: 1, max: 9 }),
      orderly: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('wake' as const),
      target,
      which: fc.oneof(
        fc.constantFrom('all' as const, 'unparked' as const),
        fc.integer({ min: 0, max: 10 }),
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('wakeKey' as const),
      target,
      key: fc.constantFrom(...keys),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('discard' as const), target }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('reopen' as const, 'scrub' as const) }),
  },
);

class Run {
  readonly #dataDir: string;
  readonly #model = new Model();
  #journal: OpenedJournal;
  /** The real tasks that are in flight, by their sequences. */
  #claimed = new Map<number, Task>();

  private constructor(dataDir: string, journal: OpenedJournal) {
    this.#dataDir = dataDir;
    this.#journal = journal;
  }

  static async start(dataDir: string): Promise<Run> {
    await rm(dataDir, { recursive: true, force: true });
    return new Run(dataDir, await openJournal({ ...settings, dataDir }));
  }

  close(): Promise<void> {
    return this.#journal.close();
  }

  async step(next: Command): Promise<void> {
    switch (next.do) {
      case 'enqueue':
        return this.#enqueue(next);
      case 'claim':
        return this.#claim(next);
      case 'complete':
      case 'release':
      case 'postpone':
        return this.#end(next);
      case 'wake':
      case 'wakeKey':
        return this.#wake(next);
      case 'discard':
        return this.#discard(next.target);
      case 'reopen':
        return this.#reopen();
      case 'scrub':
        return this.#journal.scrub();
    }
  }

  async #enqueue(next: Command & { do: 'enqueue' }): Promise<void> {
    const versionId = `v${next.version}`;
    const queued = {
      change: change(next.key, {
        kind: next.kind,
        versionId,
        acceptedAt: this.#model.tasks.length,
      }),
      targets: next.targets,
      class: next.class,
    };
    const { id } = next.intent ? await this.#journal.openIntent(intent(next.key)) : { id: 0 };
    const tasks = next.intent
      ? await this.#journal.settle(id, [queued])
      : await this.#journal.enqueue([queued]);
    for (const [index, { sequence }] of tasks.entries()) {
      const task: ModelTask = {
        sequence,
        target: next.targets[index] ?? '',
        key: next.key,
        versionId,
        kind: next.kind,
        class: next.class,
        state: 'waiting',
        attempts: 0,
        crashes: 0,
        inFlight: false,
        restsUntil: undefined,
      };
      this.#model.tasks.push(task);
      const before = this.#model.statuses.get(statusName(task));
      this.#model.statuses.set(statusName(task), {
        state: 'PENDING',
        last: sequence,
        targetVersionId: before?.targetVersionId,
      });
    }
  }

  async #claim(next: Command & { do: 'claim' }): Promise<void> {
    const claimed = await this.#journal.claim({ ...next, durable: false });
    const taken = this.#model.ready(next.target, next.class).slice(0, next.max);
    const poisonous = taken.filter(({ crashes }) => crashes >= 5);
    for (const task of poisonous) {
      task.state = 'quarantined';
      task.restsUntil = Number.POSITIVE_INFINITY;
      this.#fail(task);
    }
    const expected = taken.filter((task) => !poisonous.includes(task));
    for (const task of expected) {
      task.attempts++;
      task.crashes++;
      task.inFlight = true;
    }
    same(
      claimed.map(({ sequence, attempts, crashes, state }) => [sequence, attempts, crashes, state]),
      expected.map(({ sequence, attempts, crashes, state }) => [
        sequence,
        attempts,
        crashes,
        state,
      ]),
      'claimed',
    );
    for (const task of claimed) this.#claimed.set(task.sequence, task);
  }

  async #end(next: Command & { do: 'complete' | 'release' | 'postpone' }): Promise<void> {
    const inFlight = this.#model.tasks.filter((task) => task.inFlight);
    const task = inFlight[next.pick % Math.max(inFlight.length, 1)];
    const real = task === undefined ? undefined : this.#claimed.get(task.sequence);
    if (task === undefined || real === undefined) return;
    this.#claimed.delete(task.sequence);
    task.inFlight = false;
    if (next.do === 'release') {
      task.attempts--;
      task.crashes--;
      return this.#journal.release(real);
    }
    if (next.do === 'postpone') {
      const { state, dueAt, orderly } = next;
      task.state = state;
      task.restsUntil = dueAt;
      if (orderly) task.crashes = 0;
      this.#fail(task);
      return this.#journal.postpone(real, { failure, state, dueAt, orderly });
    }
    this.#model.tasks = this.#model.tasks.filter((other) => other !== task);
    const targetVersionId = `theirs ${task.sequence}`;
    this.#completed(task, targetVersionId);
    return this.#journal.complete(real, { targetVersionId });
  }

  #completed(task: ModelTask, targetVersionId: string): void {
    const status = this.#model.statuses.get(statusName(task));
    const overtaken = (status?.last ?? 0) > task.sequence;
    if (task.kind === 'version-delete') {
      if (!overtaken) this.#model.statuses.delete(statusName(task));
      return;
    }
    const last = overtaken ? (status?.last ?? 0) : task.sequence;
    const state = overtaken ? 'PENDING' : 'COMPLETED';
    this.#model.statuses.set(statusName(task), { state, last, targetVersionId });
  }

  #fail(task: ModelTask): void {
    const before = this.#model.statuses.get(statusName(task));
    const last = Math.max(before?.last ?? 0, task.sequence);
    const targetVersionId = before?.targetVersionId;
    this.#model.statuses.set(statusName(task), { state: 'FAILED', last, targetVersionId });
  }

  async #wake(next: Command & { do: 'wake' | 'wakeKey' }): Promise<void> {
    const rests = this.#model.rests(next.target).filter((task) => {
      if (next.do === 'wakeKey') return task.key === next.key;
      if (next.which === 'all') return true;
      return next.which === 'unparked'
        ? task.state === 'failed'
        : (task.restsUntil ?? 0) <= next.which;
    });
    const which =
      next.do === 'wakeKey'
        ? { bucket: 'photos', key: next.key }
        : typeof next.which === 'number'
          ? { dueAt: next.which }
          : next.which;
    same(await this.#journal.wake(next.target, which), rests.length, 'woken');
    for (const task of rests) {
      task.restsUntil = undefined;
      if (task.state === 'quarantined') task.crashes = 0;
    }
  }

  async #discard(name: string): Promise<void> {
    const mine = this.#model.tasks.filter((task) => task.target === name);
    same(await this.#journal.discard(name), mine.length, 'discarded');
    this.#model.tasks = this.#model.tasks.filter((task) => task.target !== name);
    for (const task of mine) {
      this.#claimed.delete(task.sequence);
      const status = this.#model.statuses.get(statusName(task));
      if (status === undefined) continue;
      if (status.targetVersionId === undefined) this.#model.statuses.delete(statusName(task));
      else status.state = 'FAILED';
    }
  }

  async #reopen(): Promise<void> {
    await this.#journal.close();
    this.#journal = await openJournal({ ...settings, dataDir: this.#dataDir });
    this.#claimed.clear();
    for (const task of this.#model.tasks) task.inFlight = false;
  }

  async compare(): Promise<void> {
    for (const name of names) {
      const { pending, failed, parked, oldestAt } = this.#journal.counts(name);
      same({ pending, failed, parked }, this.#model.counts(name), 'counts');
      same(oldestAt === undefined, pending === 0, 'oldest');
      const { tasks } = await this.#journal.failures(name, { limit: 1000 });
      const failures = this.#model.tasks.filter(
        (task) => task.target === name && task.state !== 'waiting',
      );
      same(
        tasks.map(({ sequence, state }) => [sequence, state]),
        failures.map(({ sequence, state }) => [sequence, state]),
        'failures',
      );
      const due = this.#model.rests(name).map(({ restsUntil }) => restsUntil ?? 0);
      const nextDue = due.length === 0 ? undefined : Math.min(...due, 2 ** 48 - 1);
      same(await this.#journal.nextDue(name), nextDue, 'next due');
      await this.#compareStatuses(name);
    }
    same(this.#journal.intentsOpen(), 0, 'open intents');
    same(this.#journal.health().state, 'ok', 'health');
  }

  async #compareStatuses(name: string): Promise<void> {
    for (const key of keys) {
      const statuses = await this.#journal.statusesOf('photos', key);
      for (const versionId of ['v0', 'v1', 'v2']) {
        const cached = await this.#journal.status({ bucket: 'photos', key, versionId });
        const real = cached?.targets[name];
        same(statuses.find((status) => status.versionId === versionId)?.status, cached, 'cache');
        const expected = this.#model.statuses.get(statusName({ target: name, key, versionId }));
        same(real?.state, expected?.state, `status of ${versionId}`);
        same(real?.targetVersionId, expected?.targetVersionId, `target id of ${versionId}`);
      }
    }
  }
}

function same(real: unknown, expected: unknown, what: string): void {
  const [one, other] = [JSON.stringify(real), JSON.stringify(expected)];
  if (one !== other) throw new Error(`${what}: ${one}, but the model has ${other}`);
}

test('the journal does what the model of lanes, tasks and statuses does', async (t) => {
  t.timeout(120_000);
  const dataDir = await temporaryFolder(t);
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 60 }), async (commands) => {
      const run = await Run.start(dataDir);
      try {
        for (const next of commands) {
          await run.step(next);
          await run.compare();
        }
        await run.step({ do: 'scrub' });
        await run.compare();
      } finally {
        await run.close();
      }
    }),
    { numRuns: 60 },
  );
  t.pass();
});
