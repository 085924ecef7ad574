// One group's reads and writes. Operations see what the ones before them wrote; the whole becomes one batch. Each
// key that is read must have been read ahead (the group's one `getMany`), so that applying never waits.

import assert from 'node:assert/strict';
import { kindOf, metaKey } from './keys.ts';
import type { Ledger } from './ledger.ts';
import { decodeRecord, encodeRecord, hashOf, isSound } from './record.ts';
import type { BatchEntry } from './storage.ts';

export class Transaction {
  /** The numbers as they will be after the commit. */
  readonly ledger: Ledger;
  readonly #known: Map<string, Buffer | undefined>;
  readonly #own: ReadonlySet<string>;
  readonly #written = new Set<string>();
  readonly #effects: (() => void)[] = [];
  readonly #damaged: (key: string) => void;
  #writes = 0;

  /** `known` is what was read ahead; `own` are those keys of it whose records come from memory. */
  constructor(
    ledger: Ledger,
    known: Map<string, Buffer | undefined>,
    damaged: (key: string) => void,
    own: ReadonlySet<string> = new Set(),
  ) {
    this.ledger = ledger;
    this.#known = known;
    this.#damaged = damaged;
    this.#own = own;
  }

  /** The payload under a key that was read ahead. What is there but damaged is reported, and counts as absent. */
  get(key: string): string | undefined {
    const frame = this.#frame(key);
    if (frame === undefined) return undefined;
    const payload = decodeRecord(key, frame);
    if (payload === undefined) this.#damaged(key);
    return payload;
  }

  /** Reports that a record that must be there is not, or makes no sense. */
  missing(key: string): void {
    this.#damaged(key);
  }

  /** Whether an earlier operation of this group deleted it, so that its absence is no damage. */
  wasDeleted(key: string): boolean {
    return this.#written.has(key) && this.#known.get(key) === undefined;
  }

  has(key: string): boolean {
    return this.#frame(key) !== undefined;
  }

  put(key: string, payload: string): void {
    this.#subtract(key);
    this.#set(key, payload);
  }

  /** Puts under a key that cannot exist yet, and so was not read ahead. */
  insert(key: string, payload: string): void {
    if (this.#known.has(key)) this.#subtract(key);
    this.#set(key, payload);
  }

  delete(key: string): void {
    if (!this.has(key)) return;
    this.#subtract(key);
    this.#writes++;
    this.#known.set(key, undefined);
    this.#written.add(key);
  }

  /** What is to happen in memory once the batch is written; never if it is not. */
  afterCommit(effect: () => void): void {
    this.#effects.push(effect);
  }

  get writes(): number {
    return this.#writes;
  }

  /** The batch, with the numbers of the commit as its last entry. */
  seal(): BatchEntry[] {
    this.ledger.batch++;
    const batch: BatchEntry[] = [];
    for (const key of this.#written) {
      const value = this.#known.get(key);
      batch.push(value === undefined ? { type: 'del', key } : { type: 'put', key, value });
    }
    const value = encodeRecord(metaKey, this.ledger.toString());
    batch.push({ type: 'put', key: metaKey, value });
    return batch;
  }

  settleInMemory(): void {
    for (const effect of this.#effects) effect();
  }

  #set(key: string, payload: string): void {
    const frame = encodeRecord(key, payload);
    const kind = kindOf(key);
    if (kind !== undefined) this.ledger.add(kind, hashOf(frame));
    this.#writes++;
    this.#known.set(key, frame);
    this.#written.add(key);
  }

  #frame(key: string): Buffer | undefined {
    const frame = this.#known.get(key);
    if (frame === undefined && !this.#known.has(key)) {
      assert.fail(`the journal did not read ${JSON.stringify(key)} ahead`);
    }
    return frame;
  }

  #subtract(key: string): void {
    const frame = this.#frame(key);
    if (frame === undefined) return;
    const kind = kindOf(key);
    if (kind === undefined) return;
    // What this process wrote itself was never on a disk since.
    const isOwn = this.#written.has(key) || this.#own.has(key);
    if (isOwn || isSound(key, frame)) this.ledger.remove(kind, hashOf(frame));
    else this.#damaged(key);
  }
}
