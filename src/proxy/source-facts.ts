// What the data path must know about the source beyond single answers: which buckets are versioned, and how its
// clock stands to ours. Both are learnt in passing and kept small.

import { LRUCache } from 'lru-cache';
import type { VersioningState } from '../s3/calls.ts';

const bucketsMax = 10_000;
/** Somebody may switch versioning behind the sidecar's back: not believed for longer than this. */
const versioningTtlMs = 30_000;

export class SourceFacts {
  readonly #ask: (bucket: string) => Promise<VersioningState>;
  readonly #versioning: LRUCache<string, Promise<VersioningState>>;
  readonly #now: () => number;
  #aheadMs = 0;

  constructor(ask: (bucket: string) => Promise<VersioningState>, now: () => number = Date.now) {
    this.#ask = ask;
    this.#now = now;
    // A coarse clock: the default one sets a timer each millisecond.
    this.#versioning = new LRUCache({ max: bucketsMax, ttl: versioningTtlMs, ttlResolution: 500 });
  }

  /** Undefined where the source cannot say now. */
  async versioning(bucket: string): Promise<VersioningState | undefined> {
    let answer = this.#versioning.get(bucket);
    if (answer === undefined) {
      answer = this.#ask(bucket);
      this.#versioning.set(bucket, answer);
    }
    try {
      return await answer;
    } catch {
      if (this.#versioning.peek(bucket) === answer) this.#versioning.delete(bucket);
      return undefined;
    }
  }

  /** A PutBucketVersioning passed. */
  forgetVersioning(bucket: string): void {
    this.#versioning.delete(bucket);
  }

  /** Learns the source's clock from the `Date` of one of its answers (whole seconds). */
  noteDate(date: string | undefined): void {
    const at = date === undefined ? Number.NaN : Date.parse(date);
    if (!Number.isNaN(at)) this.#aheadMs = at - this.#now();
  }

  /** Now by the source's clock, as well as a header of whole seconds tells it. */
  sourceNow(): number {
    return this.#now() + this.#aheadMs;
  }
}
