// The scrub: reads everything as it was at one moment, checks each record's own sum, and compares counts and
// hash-sums per kind with what the commits say must be there.

import { setTimeout as pause } from 'node:timers/promises';
import { Damage } from './damage.ts';
import { bucketAt, kindOf, kinds, targetAt } from './keys.ts';
import { addTo, emptyTallies, type Ledger } from './ledger.ts';
import { hashOf, isSound } from './record.ts';
import { asFault, type Row, type Scan } from './storage.ts';
import type { Targets } from './targets.ts';

export interface ScrubOptions {
  readonly scan: Scan;
  /** The numbers of the very moment that the scan sees. */
  readonly ledger: Ledger;
  readonly targets: Targets;
  readonly pauseMs: number;
  readonly signal: AbortSignal;
}

const pageRows = 250;

/** Of so many buckets it is remembered that they are real, and of so many damaged records where they are. */
const rememberedMax = 1000;

/** Resolves with what is wrong (empty: nothing), or rejects when the signal is aborted. Closes the scan. */
export async function scrub(options: ScrubOptions): Promise<Damage> {
  const { scan, ledger, targets, pauseMs, signal } = options;
  const damage = new Damage();
  const found = new Findings();
  try {
    /* oxlint-disable no-await-in-loop -- page after page, leaving room for others */
    for (let rows = await nextPage(scan, damage); rows.length > 0; ) {
      for (const [key, value] of rows) found.add(key, value);
      await pause(pauseMs, undefined, { signal });
      rows = await nextPage(scan, damage);
    }
    /* oxlint-enable no-await-in-loop */
  } finally {
    await scan.close();
  }
  found.judge(ledger, targets, damage);
  return damage;
}

class Findings {
  readonly #tallies = emptyTallies();
  readonly #damaged: string[] = [];
  readonly #buckets = new Set<string>();

  add(key: string, value: Buffer): void {
    const kind = kindOf(key);
    const isOurs = kind !== undefined || key.startsWith('!');
    if (!isOurs || !isSound(key, value)) {
      if (this.#damaged.length <= rememberedMax) this.#damaged.push(key);
      return;
    }
    if (kind === undefined) return;
    addTo(this.#tallies[kind], hashOf(value));
    const bucket = kind === 's' ? bucketAt(key) : undefined;
    if (bucket !== undefined && this.#buckets.size < rememberedMax) this.#buckets.add(bucket);
  }

  judge(ledger: Ledger, targets: Targets, damage: Damage): void {
    for (const kind of kinds) {
      const { count, sum } = ledger.tally(kind);
      const found = this.#tallies[kind];
      if (found.count === count && found.sum === sum) continue;
      const damaged = this.#damaged.filter((key) => kindOf(key) === kind);
      // If the damaged ones are all that is missing, and their keys seem whole, then it is just about them.
      const isExplained =
        found.count + damaged.length === count &&
        damaged.every((key) => this.#isPlausible(key, targets));
      if (!isExplained) damage.addMismatch(kind);
    }
    for (const key of this.#damaged) damage.addRecord(key, targets);
  }

  #isPlausible(key: string, targets: Targets): boolean {
    const kind = kindOf(key);
    if (kind === 's') return this.#buckets.has(bucketAt(key) ?? '');
    return kind !== 'i' && targets.byNumber(targetAt(key)) !== undefined;
  }
}

/** A part that cannot be read ends the scan: the sums then tell that much is missing. */
async function nextPage(scan: Scan, damage: Damage): Promise<Row[]> {
  try {
    return await scan.next(pageRows);
  } catch (error) {
    if (asFault(error).kind !== 'corrupt') throw error;
    damage.addEverything('a part of the database cannot be read');
    return [];
  }
}
