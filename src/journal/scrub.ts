// The scrub: reads everything as it was at one moment, checks each record's own sum, and compares counts and
// hash-sums per kind with what the commits say must be there.

import { setTimeout as pause } from 'node:timers/promises';
import { Damage } from './damage.ts';
import { kindOf, kinds } from './keys.ts';
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

/** Resolves with what is wrong (empty: nothing), or rejects when the signal is aborted. Closes the scan. */
export async function scrub(options: ScrubOptions): Promise<Damage> {
  const { scan, ledger, targets, pauseMs, signal } = options;
  const damage = new Damage();
  const tallies = emptyTallies();
  try {
    /* oxlint-disable no-await-in-loop -- page after page, leaving room for others */
    for (let rows = await nextPage(scan, damage); rows.length > 0; ) {
      for (const [key, value] of rows) {
        const kind = kindOf(key);
        const isOurs = kind !== undefined || key.startsWith('!');
        if (!isOurs || !isSound(key, value)) damage.addRecord(key, targets);
        else if (kind !== undefined) addTo(tallies[kind], hashOf(value));
      }
      await pause(pauseMs, undefined, { signal });
      rows = await nextPage(scan, damage);
    }
    /* oxlint-enable no-await-in-loop */
  } finally {
    await scan.close();
  }
  for (const kind of kinds) {
    const { count, sum } = ledger.tally(kind);
    if (tallies[kind].count !== count || tallies[kind].sum !== sum) damage.addMismatch(kind);
  }
  return damage;
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
