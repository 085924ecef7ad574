// When the source accepted the oldest task of a target: the first few tasks in memory, so that the answer is exact
// and immediate while tasks come and go in any order.

export class OldestWindow {
  readonly #max: number;
  /** In order of their sequences. */
  readonly #acceptedAt = new Map<number, number>();
  #through = 0;
  /** No task lies above `through`. */
  #complete = false;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#acceptedAt.size;
  }

  get through(): number {
    return this.#through;
  }

  get room(): number {
    return this.#max;
  }

  oldest(): number | undefined {
    return this.#acceptedAt.values().next().value;
  }

  needsFill(): boolean {
    return this.#acceptedAt.size === 0 && !this.#complete;
  }

  extend(tasks: readonly (readonly [sequence: number, acceptedAt: number])[], more: boolean): void {
    for (const [sequence, acceptedAt] of tasks) {
      this.#acceptedAt.set(sequence, acceptedAt);
      this.#through = sequence;
    }
    this.#complete = !more;
  }

  added(sequence: number, acceptedAt: number): void {
    if (!this.#complete) return;
    if (this.#acceptedAt.size >= this.#max) {
      this.#complete = false;
      return;
    }
    this.#acceptedAt.set(sequence, acceptedAt);
    this.#through = sequence;
  }

  removed(sequence: number): void {
    this.#acceptedAt.delete(sequence);
  }
}
