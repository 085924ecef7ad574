// A store's circuit breaker at work: it remembers whether the store answers, and while it does not, asks every two
// seconds whether it does again.

import type { BreakerState, Silence } from './breaker.ts';
import { afterAnswer, afterProbe, afterSilence, closed } from './breaker.ts';

export interface CircuitOptions {
  /** Whether the store answers at all; must not throw. */
  probe(signal: AbortSignal): Promise<boolean>;
  /** Called after each change of the state. */
  changed(state: BreakerState['kind']): void;
  readonly intervalMs: number;
}

export class Circuit {
  readonly #options: CircuitOptions;
  readonly #closing = new AbortController();
  #state: BreakerState = closed;
  #timer: NodeJS.Timeout | undefined;
  #probing: Promise<void> | undefined;

  constructor(options: CircuitOptions) {
    this.#options = options;
  }

  get state(): BreakerState['kind'] {
    return this.#state.kind;
  }

  failed(silence: Silence): void {
    this.#become(afterSilence(this.#state, silence));
  }

  answered(): void {
    this.#become(afterAnswer(this.#state));
  }

  /** Does not wait for the next probe's time. */
  probeNow(): void {
    if (this.#state.kind === 'open' && this.#probing === undefined) this.#startProbe();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    await this.#probing;
  }

  #become(next: BreakerState): void {
    const before = this.#state.kind;
    this.#state = next;
    if (before === next.kind) return;
    clearTimeout(this.#timer);
    if (next.kind === 'open') this.#schedule();
    this.#options.changed(next.kind);
  }

  #schedule(): void {
    if (this.#closing.signal.aborted) return;
    this.#timer = setTimeout(() => this.#startProbe(), this.#options.intervalMs);
  }

  #startProbe(): void {
    clearTimeout(this.#timer);
    this.#probing = this.#probe();
  }

  async #probe(): Promise<void> {
    const isAnswered = await this.#options.probe(this.#closing.signal);
    this.#probing = undefined;
    if (this.#closing.signal.aborted) return;
    this.#become(afterProbe(this.#state, isAnswered));
    if (this.#state.kind === 'open') this.#schedule();
  }
}
