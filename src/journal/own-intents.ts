// The records of intents that this process opened and has not closed yet, so that settling one asks no disk. The
// writer is the only one who changes them, so what is here is what is on disk; what is not here is read.

import { kindOf } from './keys.ts';
import type { BatchEntry } from './storage.ts';

/** More are open only where the source leaves many writes unanswered: the rest is read from the disk. */
const recordsMax = 4096;

export class OwnIntents {
  readonly #frames = new Map<string, Buffer>();

  get(key: string): Buffer | undefined {
    return this.#frames.get(key);
  }

  /** The batch was written. */
  wrote(batch: readonly BatchEntry[]): void {
    for (const entry of batch) {
      if (kindOf(entry.key) !== 'i') continue;
      if (entry.type === 'put' && this.#frames.size < recordsMax) {
        this.#frames.set(entry.key, entry.value);
      } else {
        this.#frames.delete(entry.key);
      }
    }
  }

  clear(): void {
    this.#frames.clear();
  }
}
