// The memory that all held bodies share. When it is used up, whoever wants more waits in line.

interface Waiter {
  readonly bytes: number;
  readonly resume: () => void;
}

export class HeldBytes {
  readonly #max: number;
  #used = 0;
  readonly #waiters = new Set<Waiter>();

  constructor(max: number) {
    this.#max = max;
  }

  get used(): number {
    return this.#used;
  }

  /** Takes so many bytes if there are any left and nobody was there before. The last taker may go over by its piece. */
  take(bytes: number): boolean {
    if (this.#waiters.size > 0 || this.#used >= this.#max) return false;
    this.#used += bytes;
    return true;
  }

  /** Calls `resume` once the bytes were taken. The answer gives up the place in line. */
  wait(bytes: number, resume: () => void): () => void {
    const waiter = { bytes, resume };
    this.#waiters.add(waiter);
    return () => {
      this.#waiters.delete(waiter);
    };
  }

  give(bytes: number): void {
    this.#used -= bytes;
    for (const waiter of this.#waiters) {
      if (this.#used >= this.#max) return;
      this.#waiters.delete(waiter);
      this.#used += waiter.bytes;
      waiter.resume();
    }
  }
}
