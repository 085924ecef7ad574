// What happens between opening the database and using it: the numbers are read and checked, a damage is mended, and
// what changed in the settings is written. Not proportional to the backlog unless there is a damage.

import { type Damage, type DamageNote, parseNote } from './damage.ts';
import type { Log } from './folder.ts';
import { after, damageKey, metaKey, numberOf, sequenceAt, tasksOf } from './keys.ts';
import { Ledger } from './ledger.ts';
import type { Marker, MarkerUpdate } from './marker.ts';
import { markKeyOf, putMark } from './marks.ts';
import { mend } from './mend.ts';
import { markerEntry, type OpenedDatabase } from './open-database.ts';
import { decodeRecord } from './record.ts';
import type { Row, Storage } from './storage.ts';
import { Targets } from './targets.ts';
import { Transaction } from './transaction.ts';

export interface Recovered {
  readonly ledger: Ledger;
  readonly targets: Targets;
  readonly note: DamageNote | undefined;
}

export interface RecoverOptions {
  /** The configured targets. */
  readonly configured: readonly string[];
  readonly now: () => number;
  readonly log: Log;
}

export async function recover(
  { storage, damage, marker }: OpenedDatabase,
  update: MarkerUpdate,
  { configured, now, log }: RecoverOptions,
): Promise<Recovered> {
  const targets = new Targets(update.marker);
  let ledger = await readLedger(storage);
  if (ledger === undefined) damage.addEverything('the numbers of the last commit are missing');
  else await checkNumbers(ledger, storage, marker, damage);
  const before = await readNote(storage);
  if (before?.mending === true) damage.addAll(before.affected, before.reason);
  if (!damage.isEmpty) {
    log.error({ reason: damage.reason }, 'the journal is damaged: it is mended now');
    const inFlight = new Set<number>();
    ledger = await mend(damage, { storage, targets, configured, ledger, inFlight, now });
    log.warn({ affected: damage.affected, records: damage.records }, 'the journal was mended');
  }
  ledger = await writeChanges(storage, ledger ?? new Ledger(), targets, update);
  return { ledger, targets, note: await readNote(storage) };
}

/** What can be seen without reading everything: that the end is where it must be. */
async function checkNumbers(
  ledger: Ledger,
  storage: Storage,
  marker: Marker,
  damage: Damage,
): Promise<void> {
  if (ledger.batch < marker.batchesAtLeast) damage.addEverything('the last commits are missing');
  const ranges = ['i', ...ledger.targetsWithTasks().map(tasksOf)];
  const lastRows = await Promise.all(
    ranges.map((prefix) =>
      storage.page({ after: prefix, before: after(prefix), limit: 1, reverse: true }),
    ),
  );
  const isBeyond = ([row]: readonly Row[]): boolean =>
    row !== undefined && numberIn(row[0]) >= ledger.nextSequence;
  if (lastRows.some(isBeyond)) damage.addEverything('a commit is missing');
}

const numberIn = (key: string): number =>
  key.startsWith('i') ? numberOf(key.slice(1)) : sequenceAt(key);

export async function readLedger(storage: Storage): Promise<Ledger | undefined> {
  const frame = await storage.get(metaKey);
  const payload = frame === undefined ? undefined : decodeRecord(metaKey, frame);
  return payload === undefined ? undefined : Ledger.parse(payload);
}

export async function readNote(storage: Storage): Promise<DamageNote | undefined> {
  const frame = await storage.get(damageKey);
  return parseNote(frame === undefined ? undefined : decodeRecord(damageKey, frame));
}

/** The marks and the database's copy of the marker, before the marker file. */
async function writeChanges(
  storage: Storage,
  ledger: Ledger,
  targets: Targets,
  { marker, marks }: MarkerUpdate,
): Promise<Ledger> {
  const keys = marks.map((mark) => markKeyOf(targets, mark));
  const frames = keys.length === 0 ? [] : await storage.getMany(keys);
  const known = new Map(keys.map((key, index) => [key, frames[index]]));
  const transaction = new Transaction(ledger, known, () => {});
  for (const mark of marks) putMark(transaction, targets, mark, false);
  await storage.batch([...transaction.seal(), markerEntry(marker)], true);
  return transaction.ledger;
}
