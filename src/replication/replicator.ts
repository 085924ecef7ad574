// Replicates to all targets: one worker each, what they share (the source's circuit breaker, the budget of bytes in
// memory), and the writes that wait for sync targets.

import { SidecarError } from '../errors.ts';
import type { Task } from '../journal/types.ts';
import { ByteBudget } from './byte-budget.ts';
import { Circuit } from './circuit.ts';
import { isAnswering } from './probe.ts';
import { TargetWorker } from './target-worker.ts';
import type { ReplicatorOptions, TargetRuntime, WorkerEvents } from './types.ts';
import { SyncWaits } from './waits.ts';

/** Bodies of 1 to 8 MiB that are in memory at once, over all targets. */
const buffersBytes = 64 * 1024 * 1024;

export class Replicator {
  readonly #options: ReplicatorOptions;
  readonly #workers = new Map<string, TargetWorker>();
  readonly #waits = new SyncWaits();
  readonly #source: Circuit;
  readonly #quietListeners = new Set<() => void>();
  #started: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: ReplicatorOptions) {
    this.#options = options;
    const buffers = new ByteBudget(buffersBytes);
    this.#source = new Circuit({
      intervalMs: options.probeIntervalMs ?? 2000,
      probe: (signal) => isAnswering(options.source, undefined, signal),
      changed: (state) => this.#sourceChanged(state),
    });
    for (const target of options.targets) {
      const worker = new TargetWorker(target, {
        replicator: options,
        buffers,
        events: this.#eventsOf(target.name, target.sync),
        isSourceUp: () => this.#source.state !== 'open',
      });
      this.#workers.set(target.name, worker);
    }
  }

  /** Workers begin. Further calls do nothing. */
  start(): void {
    this.#started ??= this.#start().catch((error: unknown) => {
      this.#options.log.error({ error }, 'replication could not begin');
    });
  }

  /** Aborts attempts in flight and gives them back. The journal must still be open, and the source client. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** Resolves when no task is left, or all that are rest, are paused or wait for a store that is down. */
  async drain(): Promise<void> {
    if (this.#started === undefined) return;
    await this.#started;
    for (const worker of this.#workers.values()) worker.nudge();
    while (![...this.#workers.values()].every((worker) => worker.isQuiet)) {
      // oxlint-disable-next-line no-await-in-loop -- until all are quiet at the same time
      await new Promise<void>((resolve) => {
        this.#quietListeners.add(resolve);
      });
    }
  }

  /** Stops sending, durably. What is in flight ends. */
  async pause(target: string): Promise<void> {
    await this.#worker(target).pause();
  }

  async resume(target: string): Promise<void> {
    await this.#worker(target).resume();
  }

  /** Tries at once what rests, whatever its time: of one target or all, of one key or all. */
  async retry(
    target: string | undefined,
    object?: { readonly bucket: string; readonly key: string },
  ): Promise<number> {
    this.#source.probeNow();
    const workers = target === undefined ? [...this.#workers.values()] : [this.#worker(target)];
    const woken = await Promise.all(workers.map((worker) => worker.retry(object)));
    return woken.reduce((sum, count) => sum + count, 0);
  }

  runtime(): readonly TargetRuntime[] {
    return [...this.#workers.values()].map((worker) => worker.runtime());
  }

  isSync(target: string): boolean {
    return this.#workers.get(target)?.options.sync ?? false;
  }

  /**
   * Resolves when each task of a sync target reached COMPLETED or FAILED, cannot do so soon because its target is
   * down or paused, or had its target's time. Others are not waited for. Never rejects.
   */
  async waitFor(tasks: readonly Task[]): Promise<void> {
    await Promise.all(tasks.map((task) => this.#waitForOne(task)));
  }

  async #waitForOne(task: Task): Promise<void> {
    const worker = this.#workers.get(task.target);
    const isPointless = worker === undefined || worker.state !== 'up' || !worker.options.sync;
    if (isPointless || this.#closed !== undefined || this.#source.state === 'open') return;
    const now = (this.#options.now ?? Date.now)();
    const elapsed = Math.max(now - task.change.acceptedAt, 0);
    await this.#waits.wait(task, worker.options.syncTimeoutMs - elapsed);
  }

  async #start(): Promise<void> {
    const paused = new Set(await this.#options.journal.pausedTargets());
    if (this.#closed !== undefined) return;
    for (const [name, worker] of this.#workers) worker.start(paused.has(name));
  }

  async #close(): Promise<void> {
    this.#waits.giveUpAll();
    await this.#started;
    await Promise.all([...this.#workers.values()].map((worker) => worker.close()));
    await this.#source.close();
  }

  #worker(target: string): TargetWorker {
    const worker = this.#workers.get(target);
    if (worker !== undefined) return worker;
    throw new SidecarError(`there is no target ${target}`, {
      code: 'unknown-target',
      retryable: false,
    });
  }

  #eventsOf(target: string, isSync: boolean): WorkerEvents {
    return {
      settled: (task) => {
        if (isSync) this.#waits.settled(task);
      },
      stateChanged: (state) => {
        if (state !== 'up') this.#waits.giveUp(target);
      },
      quiet: () => this.#becameQuiet(),
      sourceAnswered: () => this.#source.answered(),
      sourceSilent: (silence) => this.#source.failed(silence),
    };
  }

  #sourceChanged(state: 'open' | 'half-open' | 'closed'): void {
    const { log } = this.#options;
    if (state === 'open') {
      log.warn({}, 'the source does not answer: all tasks wait');
      this.#waits.giveUpAll();
    } else if (state === 'closed') log.info({}, 'the source answers again');
    if (state === 'open') return;
    for (const worker of this.#workers.values()) {
      worker.sourceIsBack().catch((error: unknown) => {
        log.warn({ error }, 'resting tasks could not be woken');
      });
    }
  }

  #becameQuiet(): void {
    const listeners = [...this.#quietListeners];
    this.#quietListeners.clear();
    for (const listener of listeners) listener();
  }
}
