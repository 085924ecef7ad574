// The bytes of bodies that all workers together may hold in memory. Whoever gets none streams instead of waiting, so
// nobody can wait for bytes that are never given back.

export class ByteBudget {
  readonly #max: number;
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Gives the function that returns the bytes, or undefined if there are not so many left. */
  take(bytes: number): (() => void) | undefined {
    if (this.#taken + bytes > this.#max) return undefined;
    this.#taken += bytes;
    let isReturned = false;
    return () => {
      if (isReturned) return;
      isReturned = true;
      this.#taken -= bytes;
    };
  }
}
