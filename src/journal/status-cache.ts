// The statuses read last, kept coherent by the writer: a commit replaces what is cached, and a read that began
// before it does not bring the old one back.

import { LRUCache } from 'lru-cache';
import type { StatusRecord } from './status-record.ts';

export interface StatusCacheLimits {
  readonly entriesMax: number;
  readonly bytesMax: number;
}

/** Absence is worth remembering too. */
type Entry = { readonly status: StatusRecord | undefined; readonly bytes: number };

export class StatusCache {
  readonly #entries: LRUCache<string, Entry>;
  /** The reads under way that may still fill the cache. */
  readonly #reads = new Map<string, symbol>();

  constructor(limits: StatusCacheLimits) {
    this.#entries = new LRUCache({
      max: limits.entriesMax,
      maxSize: limits.bytesMax,
      sizeCalculation: ({ bytes }) => bytes,
    });
  }

  get size(): number {
    return this.#entries.size;
  }

  async get(
    key: string,
    read: () => Promise<StatusRecord | undefined>,
  ): Promise<StatusRecord | undefined> {
    const cached = this.#entries.get(key);
    if (cached !== undefined) return cached.status;
    const token = Symbol('read');
    this.#reads.set(key, token);
    try {
      const status = await read();
      if (this.#reads.get(key) === token) this.#entries.set(key, entryOf(key, status));
      return status;
    } finally {
      if (this.#reads.get(key) === token) this.#reads.delete(key);
    }
  }

  /** The record was written. */
  wrote(key: string, status: StatusRecord | undefined): void {
    this.#reads.delete(key);
    if (this.#entries.has(key)) this.#entries.set(key, entryOf(key, status));
  }

  clear(): void {
    this.#reads.clear();
    this.#entries.clear();
  }
}

function entryOf(key: string, status: StatusRecord | undefined): Entry {
  let bytes = 200 + 2 * key.length + 2 * (status?.etag?.length ?? 0);
  for (const { reason, targetVersionId } of status?.targets.values() ?? []) {
    bytes += 200 + 2 * (reason?.length ?? 0) + 2 * (targetVersionId?.length ?? 0);
  }
  return { status, bytes };
}
