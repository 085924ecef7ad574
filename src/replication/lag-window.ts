// How long the latest tasks took from the source's acceptance to the target's: a bounded window and its percentiles.

const size = 1000;

export interface Lag {
  /** Seconds; undefined before the first task is done. */
  readonly p50: number | undefined;
  readonly p99: number | undefined;
}

export class LagWindow {
  readonly #seconds: number[] = [];
  #next = 0;

  add(seconds: number): void {
    this.#seconds[this.#next] = seconds;
    this.#next = (this.#next + 1) % size;
  }

  lag(): Lag {
    const sorted = this.#seconds.toSorted((a, b) => a - b);
    const at = (share: number): number | undefined =>
      sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)];
    return { p50: at(0.5), p99: at(0.99) };
  }
}
