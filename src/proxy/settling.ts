// Settlements under way. A client is answered before the settlement of its write is committed, because the intent is
// the promise; a read of the same key that follows waits for it, so that it shows the status that the write's answer told.

import { within } from '../within.ts';

/** A read is held up for so long at most: a disk that hangs must not hang reads. */
const patienceMs = 500;

export class Settling {
  readonly #underWay = new Map<string, Promise<unknown>>();

  /** Until `settlement` ends, reads of the key wait for it. It must not reject. */
  add(bucket: string, key: string, settlement: Promise<void>): void {
    const name = `${bucket}/${key}`;
    this.#underWay.set(name, settlement);
    void this.#removeAfter(name, settlement);
  }

  async #removeAfter(name: string, settlement: Promise<void>): Promise<void> {
    await settlement;
    // A later settlement of the key is committed after this one: it alone is waited for.
    if (this.#underWay.get(name) === settlement) this.#underWay.delete(name);
  }

  /** Undefined where nothing is under way: the common case costs one look-up. */
  of(bucket: string, key: string): Promise<void> | undefined {
    if (this.#underWay.size === 0) return undefined;
    const settlement = this.#underWay.get(`${bucket}/${key}`);
    return settlement === undefined ? undefined : within(patienceMs, settlement);
  }
}
