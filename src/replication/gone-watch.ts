// Notices a wiped source: objects that were accepted and are not there any more, one after the other, must not
// look like success. Pure but for its counter.

/** So many in a row within the window. Clients that delete what they just wrote are told apart by the journal. */
const goneMax = 100;
const windowMs = 60_000;

export class GoneWatch {
  #count = 0;
  #since = 0;

  /** Returns whether this one makes it a burst; counting then begins anew. */
  gone(at: number): boolean {
    if (this.#count === 0 || at - this.#since > windowMs || at < this.#since) {
      this.#count = 0;
      this.#since = at;
    }
    this.#count += 1;
    if (this.#count < goneMax) return false;
    this.#count = 0;
    return true;
  }

  present(): void {
    this.#count = 0;
  }
}
