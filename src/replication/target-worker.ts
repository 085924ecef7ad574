// The worker of one target: claims tasks as fast as the target bears them, and stops claiming while the target or the
// source does not answer, while it is paused, and while the target asked to be left alone.

import { setMaxListeners } from 'node:events';
import type { Task, TaskClass } from '../journal/types.ts';
import { S3Client } from '../s3/client.ts';
import { Bell } from './bell.ts';
import type { ByteBudget } from './byte-budget.ts';
import { Dialect } from './dialect.ts';
import type { Verdict } from './failure.ts';
import { GoneWatch } from './gone-watch.ts';
import { isAnswering } from './probe.ts';
import { RestTimer } from './rest-timer.ts';
import { liveShare } from './shares.ts';
import { TargetHealth } from './target-health.ts';
import { TargetRecord } from './target-record.ts';
import type { Ending, RunOptions } from './task-run.ts';
import { runTask } from './task-run.ts';
import type { ReplicatorOptions, TargetOptions, TargetRuntime, WorkerEvents } from './types.ts';
import { VersionTimes } from './version-times.ts';

export interface WorkerParts {
  readonly replicator: ReplicatorOptions;
  readonly buffers: ByteBudget;
  readonly events: WorkerEvents;
  /** Whether the source answers, as far as is known. */
  readonly isSourceUp: () => boolean;
}

export class TargetWorker {
  readonly options: TargetOptions;
  readonly #parts: WorkerParts;
  readonly #now: () => number;
  readonly #client: S3Client;
  readonly #dialect: Dialect;
  readonly #health: TargetHealth;
  readonly #rests: RestTimer;
  readonly #run: RunOptions;
  readonly #closing = new AbortController();
  readonly #bell = new Bell();
  readonly #record = new TargetRecord();
  readonly #gone = new GoneWatch();
  readonly #active = new Map<Task, Promise<void>>();
  readonly #mayHave = { live: true, background: true };
  #readyCount = 0;
  #turn = 0;
  #isPaused = false;
  #isQuiet = false;
  #waking = 0;
  #probeBucket: string | undefined;
  #shown: TargetRuntime['state'] = 'up';
  #loop: Promise<void> | undefined;
  #unsubscribe: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: TargetOptions, parts: WorkerParts) {
    const { replicator } = parts;
    // Each call in flight listens for the end.
    setMaxListeners(0, this.#closing.signal);
    this.options = options;
    this.#parts = parts;
    this.#now = replicator.now ?? Date.now;
    this.#probeBucket = options.bucket;
    // Parts of big objects go in parallel beside the tasks.
    const connections = options.concurrency * 2 + 4;
    this.#client = new S3Client(options.endpoint, { connections, ...replicator.deadlines });
    this.#dialect = new Dialect(options.dialect, (sent, answered) => {
      const fields = { target: options.name, sent, answered };
      replicator.log.warn(fields, 'the target does not keep version ids any more: they are mapped');
    });
    this.#health = new TargetHealth({
      concurrency: options.concurrency,
      probeIntervalMs: replicator.probeIntervalMs ?? 2000,
      now: this.#now,
      probe: (signal) => isAnswering(this.#client, this.#probeBucket, signal),
      changed: (state) => this.#breakerChanged(state),
      heldUntil: (at) => this.#rests.dueAt(at),
    });
    this.#rests = new RestTimer({
      now: this.#now,
      wakeDue: (at) => this.#wake({ dueAt: at }),
      wakeAll: () => this.#wake('unparked'),
      nextDue: () => replicator.journal.nextDue(options.name),
      failed: (error) => this.#warn(error, 'resting tasks could not be woken'),
    });
    this.#run = this.#runOptions();
  }

  start(isPaused: boolean): void {
    const { journal } = this.#parts.replicator;
    this.#isPaused = isPaused;
    this.#unsubscribe = journal.onReady(this.options.name, () => this.#becameReady());
    this.#show();
    this.#rests.start();
    this.#loop = this.#work();
  }

  /** Aborts what is in flight and waits until each of those tasks is given back. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  get isQuiet(): boolean {
    return this.#isQuiet || this.#closing.signal.aborted;
  }

  get state(): TargetRuntime['state'] {
    if (this.#isPaused) return 'paused';
    return this.#health.breaker === 'closed' ? 'up' : 'down';
  }

  runtime(): TargetRuntime {
    const { name, endpoint, sync } = this.options;
    return {
      name,
      endpoint: endpoint.url,
      dialect: this.#dialect.known ?? 'auto',
      state: this.state,
      sync,
      ...this.#record.read(),
    };
  }

  async pause(): Promise<void> {
    this.#isPaused = true;
    this.#show();
    await this.#parts.replicator.journal.setPaused(this.options.name, true);
    this.nudge();
  }

  async resume(): Promise<void> {
    await this.#parts.replicator.journal.setPaused(this.options.name, false);
    this.#isPaused = false;
    this.#show();
    this.nudge();
  }

  /** Makes resting tasks ready, and a target that is down is asked at once. */
  async retry(object: { bucket: string; key: string } | undefined): Promise<number> {
    this.#health.retryNow();
    return this.#wake(object ?? 'all');
  }

  /** The source answers again. */
  async sourceIsBack(): Promise<void> {
    await this.#wake('unparked');
  }

  /** Looks again whether there is something to do. */
  nudge(): void {
    this.#isQuiet = false;
    this.#mayHave.live = true;
    this.#mayHave.background = true;
    this.#bell.ring();
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    this.#unsubscribe?.();
    this.#bell.ring();
    await this.#loop;
    await Promise.all(this.#active.values());
    await this.#health.close();
    await this.#rests.close();
    await this.#client.close();
    this.#parts.events.quiet();
  }

  async #work(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- this is the loop
        if ((await this.#claim()) > 0) continue;
      } catch (error) {
        this.#warn(error, 'no tasks could be claimed');
        setTimeout(() => this.nudge(), 1000).unref();
      }
      this.#becomeQuiet();
      // oxlint-disable-next-line no-await-in-loop -- this is the loop
      await this.#bell.wait();
    }
  }

  #isHeld(): boolean {
    return this.#isPaused || this.#health.isHeld || !this.#parts.isSourceUp();
  }

  /** Resolves with how many were begun. */
  async #claim(): Promise<number> {
    const { limit } = this.#health;
    const room = limit - this.#active.size;
    if (this.#isHeld() || room <= 0) return 0;
    this.#turn += 1;
    const activeBackground = this.#countBackground();
    const places = { room, limit, activeBackground, turn: this.#turn };
    const live = await this.#begin('live', this.#mayHave.background ? liveShare(places) : room);
    const background = await this.#begin('background', room - live);
    // What was kept for a background that is not there is not left empty.
    const more = await this.#begin('live', room - live - background);
    const isNothingThere = !this.#mayHave.live && !this.#mayHave.background;
    if (isNothingThere && this.#active.size === 0) this.#health.trustProbe();
    return live + background + more;
  }

  #countBackground(): number {
    let count = 0;
    for (const task of this.#active.keys()) count += Number(task.class === 'background');
    return count;
  }

  async #begin(taskClass: TaskClass, max: number): Promise<number> {
    if (!this.#mayHave[taskClass] || max <= 0) return 0;
    const readyBefore = this.#readyCount;
    const tasks = await this.#parts.replicator.journal.claim({
      target: this.options.name,
      class: taskClass,
      max,
      durable: this.#dialect.mayMint,
    });
    if (tasks.length === 0 && this.#readyCount === readyBefore) this.#mayHave[taskClass] = false;
    for (const task of tasks) this.#active.set(task, this.#runOne(task));
    return tasks.length;
  }

  async #runOne(task: Task): Promise<void> {
    this.#isQuiet = false;
    this.#probeBucket ??= task.change.bucket;
    const ending = await runTask(this.#run, task);
    this.#active.delete(task);
    this.#ended(task, ending);
  }

  #ended(task: Task, ending: Ending): void {
    const { replicator, events } = this.#parts;
    this.#health.ended();
    if (ending.kind === 'completed') {
      const { outcome } = ending;
      const lagSeconds = Math.max(this.#now() - task.change.acceptedAt, 0) / 1000;
      const kind = outcome.kind === 'gone' ? 'gone' : task.change.kind;
      if (outcome.kind !== 'gone') this.#gone.present();
      this.#health.bore();
      events.sourceAnswered();
      this.#record.completed(outcome.bytes, lagSeconds);
      replicator.events?.replicated(this.options.name, kind, outcome.bytes, lagSeconds);
      events.settled(task);
    } else if (ending.kind === 'rested') {
      const { failure, dueAt } = ending.postponement;
      this.#record.failed(failure.reason, failure.at);
      replicator.events?.attemptFailed(this.options.name, failure.code);
      this.#rests.dueAt(dueAt);
      events.settled(task);
    }
    this.#bell.ring();
  }

  #runOptions(): RunOptions {
    const { replicator, buffers } = this.#parts;
    const { name, bucket } = this.options;
    return {
      replicator,
      target: { name, client: this.#client, dialect: this.#dialect, times: new VersionTimes() },
      bucket,
      buffers,
      now: this.#now,
      signal: this.#closing.signal,
      mayBeGone: (change) => this.#mayBeGone(change),
      judged: (verdict) => this.#judge(verdict),
    };
  }

  #judge(verdict: Verdict): boolean {
    if (verdict.kind === 'source-silent') {
      const wasDown = !this.#parts.isSourceUp();
      this.#parts.events.sourceSilent(verdict.silence);
      return wasDown;
    }
    const wasDown = this.#health.breaker === 'open';
    this.#health.complained(verdict, this.#active.size);
    return wasDown;
  }

  async #mayBeGone(change: Task['change']): Promise<boolean> {
    const status = await this.#parts.replicator.journal.status(change);
    // Its delete follows: nothing is strange about it.
    if (status?.targets[this.options.name]?.deletion === 'version') return true;
    if (!this.#gone.gone(this.#now())) return true;
    const reason =
      'much of what the source accepted is gone there: paused, because the source may have been wiped';
    this.#record.failed(reason, this.#now());
    this.#parts.replicator.log.error({ target: this.options.name }, reason);
    await this.pause();
    return false;
  }

  #breakerChanged(state: 'open' | 'half-open' | 'closed'): void {
    const { log } = this.#parts.replicator;
    const fields = { target: this.options.name, endpoint: this.options.endpoint.url };
    if (state === 'open') log.warn(fields, 'the target does not answer: its tasks wait');
    if (state === 'closed') log.info(fields, 'the target answers again');
    this.#show();
    if (state === 'open') return;
    this.#wake('unparked').catch((error: unknown) => {
      this.#warn(error, 'resting tasks could not be woken');
    });
  }

  async #wake(which: Parameters<ReplicatorOptions['journal']['wake']>[1]): Promise<number> {
    this.#waking += 1;
    this.#isQuiet = false;
    try {
      return await this.#parts.replicator.journal.wake(this.options.name, which);
    } finally {
      this.#waking -= 1;
      this.nudge();
    }
  }

  #becameReady(): void {
    this.#readyCount += 1;
    this.nudge();
  }

  #becomeQuiet(): void {
    if (this.#active.size > 0 || this.#waking > 0) return;
    const isWaiting = !this.#mayHave.live && !this.#mayHave.background;
    if (!isWaiting && !this.#isHeld()) return;
    this.#isQuiet = true;
    this.#parts.events.quiet();
  }

  #show(): void {
    if (this.state === this.#shown) return;
    this.#shown = this.state;
    this.#parts.events.stateChanged(this.state);
  }

  #warn(error: unknown, message: string): void {
    if (this.#closing.signal.aborted) return;
    this.#parts.replicator.log.warn({ target: this.options.name, error }, message);
  }
}
