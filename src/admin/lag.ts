// Percentiles of replication lag over the latest completions, in memory that does not grow.

import type { LagReport } from './types.ts';

export class LagWindow {
  readonly #seconds: Float64Array;
  #count = 0;

  /** Keeps the latest `size` values. */
  constructor(size = 1024) {
    this.#seconds = new Float64Array(size);
  }

  add(seconds: number): void {
    this.#seconds[this.#count % this.#seconds.length] = Math.max(0, seconds);
    this.#count++;
  }

  report(): LagReport {
    const held = Math.min(this.#count, this.#seconds.length);
    if (held === 0) return { p50: null, p99: null };
    const sorted = this.#seconds.slice(0, held).toSorted();
    const rank = (part: number) => sorted[Math.ceil(part * held) - 1] ?? null;
    return { p50: rank(0.5), p99: rank(0.99) };
  }
}
