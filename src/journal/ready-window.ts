// The heads of lanes that may be claimed, oldest first: a bounded window of what the disk holds, so that claiming
// neither scans nor keeps the backlog. Everything on disk up to `through` is in the window or in flight.

export class ReadyWindow {
  readonly #max: number;
  /** The oldest last, so that taking it is cheap. */
  readonly #descending: number[] = [];
  #through = 0;
  /** Nothing on disk lies above `through`. */
  #complete = false;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#descending.length;
  }

  get through(): number {
    return this.#through;
  }

  needsFill(): boolean {
    return this.#descending.length === 0 && !this.#complete;
  }

  /** How many rows a fill should read. */
  get room(): number {
    return this.#max;
  }

  /** Takes the rows above `through`, in order; `exhausted` if there are no more behind them. */
  extend(
    sequences: readonly number[],
    exhausted: boolean,
    isInFlight: (s: number) => boolean,
  ): void {
    for (const sequence of sequences) {
      this.#through = sequence;
      if (!isInFlight(sequence)) this.#descending.unshift(sequence);
    }
    this.#complete = exhausted;
  }

  /** A head became ready, on disk already. */
  insert(sequence: number): void {
    if (sequence > this.#through) {
      // Beyond the window it is found on disk in its turn.
      if (!this.#complete) return;
      this.#through = sequence;
    }
    const at = this.#place(sequence);
    if (this.#descending[at] === sequence) return;
    this.#descending.splice(at, 0, sequence);
    if (this.#descending.length > this.#max) this.#forgetYoungest();
  }

  take(): number | undefined {
    return this.#descending.pop();
  }

  remove(sequence: number): void {
    const at = this.#place(sequence);
    if (this.#descending[at] === sequence) this.#descending.splice(at, 1);
  }

  #forgetYoungest(): void {
    const youngest = this.#descending.shift();
    if (youngest === undefined) return;
    this.#through = youngest - 1;
    this.#complete = false;
  }

  /** The index of the first that is not greater. */
  #place(sequence: number): number {
    let low = 0;
    let high = this.#descending.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#descending[middle] ?? 0) > sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
