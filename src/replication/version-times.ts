// The times that versions are given on a target that orders them by time. GET names seconds only, so of two versions
// of a key within one second the later is raised by a millisecond over the earlier.

const entriesMax = 20_000;
const secondMs = 1000;

export class VersionTimes {
  readonly #sent = new Map<string, number>();

  /** The time for the key's next version, which the source says is of `own`. */
  next(bucket: string, key: string, own: number): number {
    const before = this.#sent.get(`${bucket}/${key}`);
    if (before === undefined || own > before) return own;
    // Anything further apart is not the same second: an older version that is sent again keeps its time.
    return before - own < secondMs ? before + 1 : own;
  }

  /** The target has it. */
  sent(bucket: string, key: string, time: number): void {
    const name = `${bucket}/${key}`;
    this.#sent.delete(name);
    this.#sent.set(name, time);
    if (this.#sent.size <= entriesMax) return;
    const [oldest] = this.#sent.keys();
    if (oldest !== undefined) this.#sent.delete(oldest);
  }
}
