// Wakes a loop that has nothing to do. A ring while it works is not lost: the next wait ends at once.

export class Bell {
  #isRung = false;
  #ended: (() => void) | undefined;

  ring(): void {
    this.#isRung = true;
    this.#ended?.();
  }

  /** Ends with the next ring, or one since the last wait. */
  async wait(): Promise<void> {
    if (!this.#isRung) {
      await new Promise<void>((resolve) => {
        this.#ended = resolve;
      });
      this.#ended = undefined;
    }
    this.#isRung = false;
  }
}
