// How one target is: whether it answers, how much it bears at once, and until when it asked to be left alone.

import type { BreakerState } from './breaker.ts';
import { Circuit } from './circuit.ts';
import type { Verdict } from './failure.ts';
import type { Pace } from './pace.ts';
import { faster, slower, startPace } from './pace.ts';

export interface TargetHealthOptions {
  readonly concurrency: number;
  readonly probeIntervalMs: number;
  readonly now: () => number;
  readonly probe: (signal: AbortSignal) => Promise<boolean>;
  readonly changed: (state: BreakerState['kind']) => void;
  /** It wants nothing before that time. */
  readonly heldUntil: (at: number) => void;
}

export class TargetHealth {
  readonly #options: TargetHealthOptions;
  readonly #circuit: Circuit;
  #pace: Pace;
  /** Results to wait for before slowing down again: what was in flight together complains together. */
  #complaining = 0;
  #heldUntil = 0;

  constructor(options: TargetHealthOptions) {
    this.#options = options;
    this.#pace = startPace(options.concurrency);
    this.#circuit = new Circuit({
      intervalMs: options.probeIntervalMs,
      probe: options.probe,
      changed: (state) => {
        if (state === 'half-open') this.#pace = startPace(options.concurrency);
        options.changed(state);
      },
    });
  }

  get breaker(): BreakerState['kind'] {
    return this.#circuit.state;
  }

  get isHeld(): boolean {
    return this.breaker === 'open' || this.#options.now() < this.#heldUntil;
  }

  /** Tasks at once. */
  get limit(): number {
    return this.breaker === 'half-open' ? 1 : Math.max(Math.floor(this.#pace.limit), 1);
  }

  /** An attempt ended, however. */
  ended(): void {
    this.#complaining -= 1;
  }

  bore(): void {
    this.#circuit.answered();
    this.#pace = faster(this.#pace);
  }

  /** The probe was answered, and there is nothing to try it on. */
  trustProbe(): void {
    this.#circuit.answered();
  }

  complained(verdict: Verdict, active: number): void {
    if (verdict.kind === 'silent') {
      this.#slowDown(active);
      this.#circuit.failed(verdict.silence);
    } else if (verdict.kind === 'throttled') {
      this.#circuit.answered();
      this.#slowDown(active);
      this.#hold(verdict.retryAfterMs ?? 0);
    } else if (verdict.kind === 'object' || verdict.kind === 'person') {
      if (verdict.isAnswer) this.#circuit.answered();
      if (verdict.kind === 'object' && verdict.eases) this.#slowDown(active);
    }
  }

  /** Somebody wants it tried now. */
  retryNow(): void {
    this.#heldUntil = 0;
    this.#circuit.probeNow();
  }

  async close(): Promise<void> {
    await this.#circuit.close();
  }

  #slowDown(active: number): void {
    if (this.#complaining > 0) return;
    this.#complaining = active;
    this.#pace = slower(this.#pace);
  }

  #hold(retryAfterMs: number): void {
    if (retryAfterMs <= 0) return;
    this.#heldUntil = Math.max(this.#heldUntil, this.#options.now() + retryAfterMs);
    this.#options.heldUntil(this.#heldUntil);
  }
}
