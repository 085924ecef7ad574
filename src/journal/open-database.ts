// Opening LevelDB in a folder that may be new, whole, damaged, somebody else's or in use. A damaged one is never
// repaired in place: it is kept beside, and a new one, with what could be read of it, takes its place.
//
// First start: database, then marker within it, then the marker file. Whatever is interrupted is begun again.

import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SidecarError } from '../errors.ts';
import { Damage } from './damage.ts';
import {
  exists,
  type Folder,
  folderFault,
  type Log,
  moveTo,
  readMarker,
  writeMarker,
} from './folder.ts';
import { markerKey, metaKey } from './keys.ts';
import { Ledger } from './ledger.ts';
import { encodeMarker, formatVersion, type Marker, newMarker, parseMarker } from './marker.ts';
import { noteEntry } from './mend.ts';
import { decodeRecord, encodeRecord } from './record.ts';
import {
  asFault,
  type BatchEntry,
  checkLock,
  type OpenStorage,
  rebuildFrom,
  type Storage,
  type StorageFault,
} from './storage.ts';
import { damagedTables, isSoundTable } from './table-check.ts';

export interface OpenedDatabase {
  readonly storage: Storage;
  /** The newer of the two copies. */
  readonly marker: Marker;
  /** What the folder's state alone tells of losses. */
  readonly damage: Damage;
}

export interface DatabaseOptions {
  readonly folder: Folder;
  readonly site: string;
  readonly open: OpenStorage;
  readonly writeBufferBytes: number;
  readonly now: () => number;
  readonly log: Log;
}

/** Checking goes at some 500 MB a second; a start must not wait for more than this. The scrub checks all. */
const checkBudgetMs = 1_000;

export async function openDatabase(options: DatabaseOptions): Promise<OpenedDatabase> {
  const { folder, log } = options;
  const parsed = await readMarker(folder);
  if (parsed?.kind === 'newer') throw newerFormat(folder, parsed.format);
  const marker = parsed?.kind === 'sound' ? parsed.marker : undefined;
  await finishReplacement(folder);
  const isPresent = await exists(join(folder.journal, 'CURRENT'));
  if (parsed === undefined && !isPresent) return createDatabase(options);
  if (!isPresent) throw missingDatabase(folder);
  if (marker === undefined)
    log.warn({ folder: folder.dataDir }, 'the marker file is missing or damaged');
  await checkLock(folder.journal).catch((error: unknown) => {
    throw openingFault(folder, asFault(error));
  });
  const damaged = await damagedTables(folder.journal, checkBudgetMs);
  const condemned = damaged.length > 0 ? `damaged files: ${damaged.join(', ')}` : marker?.condemned;
  if (condemned !== undefined && marker !== undefined) {
    return reopenReplaced(options, marker, condemned);
  }
  let storage: Storage;
  try {
    storage = await options.open(folder.journal, storageOptions(options, false));
  } catch (error) {
    const fault = asFault(error);
    if (fault.kind !== 'corrupt' || marker === undefined) throw openingFault(folder, fault);
    return reopenReplaced(options, marker, `the database cannot be opened: ${fault.message}`);
  }
  try {
    return await identify(options, storage, marker);
  } catch (error) {
    await storage.close();
    throw error;
  }
}

/** Compares the two copies of the marker. */
async function identify(
  options: DatabaseOptions,
  storage: Storage,
  marker: Marker | undefined,
): Promise<OpenedDatabase> {
  const { folder } = options;
  const damage = new Damage();
  const copy = await readCopy(storage, folder);
  if (marker === undefined) {
    if (copy !== undefined) return { storage, marker: copy, damage };
    const rows = await storage.page({ after: '', before: '\u{10ffff}', limit: 1 });
    if (rows.length > 0) throw foreignFolder(folder);
    // A first start that was interrupted before it wrote anything.
    return initialize(options, storage);
  }
  if (copy === undefined) {
    damage.addEverything("the database's own marker is missing or damaged");
    return { storage, marker, damage };
  }
  if (copy.identity !== marker.identity) throw foreignFolder(folder);
  if (copy.revision < marker.revision) {
    damage.addEverything('the database is older than the folder it is in');
  }
  const newer = copy.revision > marker.revision ? copy : marker;
  const batchesAtLeast = Math.max(copy.batchesAtLeast, marker.batchesAtLeast);
  return { storage, marker: { ...newer, batchesAtLeast }, damage };
}

async function createDatabase(options: DatabaseOptions): Promise<OpenedDatabase> {
  const { folder } = options;
  let storage: Storage;
  try {
    storage = await options.open(folder.journal, storageOptions(options, true));
  } catch (error) {
    throw openingFault(folder, asFault(error));
  }
  return initialize(options, storage);
}

async function initialize(options: DatabaseOptions, storage: Storage): Promise<OpenedDatabase> {
  const marker = newMarker(randomUUID(), options.site);
  const numbers = encodeRecord(metaKey, new Ledger().toString());
  await storage.batch([markerEntry(marker), { type: 'put', key: metaKey, value: numbers }], true);
  await writeMarker(options.folder, marker);
  options.log.info(
    { folder: options.folder.dataDir, identity: marker.identity },
    'journal created',
  );
  return { storage, marker, damage: new Damage() };
}

/** Builds a database beside the damaged one, from what of it is whole, and exchanges the two. */
async function reopenReplaced(
  options: DatabaseOptions,
  marker: Marker,
  reason: string,
): Promise<OpenedDatabase> {
  const { folder, log } = options;
  const { condemned: _, ...kept } = marker;
  const renewed: Marker = { ...kept, revision: kept.revision + 1, batchesAtLeast: 0 };
  const damage = new Damage();
  damage.addEverything(reason);
  const isSalvaged = await salvage(folder, log);
  const replacement = await options.open(folder.replacement, storageOptions(options, !isSalvaged));
  try {
    const entries = [markerEntry(renewed), noteEntry(damage, true, options.now())];
    await replacement.batch(entries, true);
  } finally {
    await replacement.close();
  }
  const stamp = new Date(options.now()).toISOString().replaceAll(/[:.]/g, '-');
  const aside = join(folder.dataDir, `journal-damaged-${stamp}`);
  await moveTo(folder.journal, aside);
  await moveTo(folder.replacement, folder.journal);
  await writeMarker(folder, renewed);
  log.error(
    { reason, kept: aside, isSalvaged },
    'the journal was damaged: a new one took its place, and what it may have lost is to be resynced',
  );
  const storage = await options.open(folder.journal, storageOptions(options, false));
  return { storage, marker: renewed, damage };
}

/**
 * Links the tables that are whole, and the logs, into the new folder and has LevelDB make a database of them. It
 * never writes to a table or log again, so the damaged folder stays as it is. False: nothing can be saved.
 */
async function salvage({ journal, replacement }: Folder, log: Log): Promise<boolean> {
  const names = (await readdir(journal)).filter((name) => /\.(ldb|log)$/.test(name));
  try {
    await mkdir(replacement, { mode: 0o700 });
    for (const name of names) {
      /* oxlint-disable no-await-in-loop -- one file in memory at a time */
      const path = join(journal, name);
      const isWhole = name.endsWith('.log') || (await isSoundTable(path));
      if (isWhole) await link(path, join(replacement, name));
      /* oxlint-enable no-await-in-loop */
    }
    await rebuildFrom(replacement);
    return true;
  } catch (error) {
    log.warn({ error }, 'nothing of the damaged journal can be saved');
    await rm(replacement, { recursive: true, force: true });
    return false;
  }
}

/** An exchange of databases that was interrupted is ended; one that was not yet whole is forgotten. */
async function finishReplacement({ journal, replacement }: Folder): Promise<void> {
  if (!(await exists(replacement))) return;
  if (await exists(journal)) await rm(replacement, { recursive: true });
  else await moveTo(replacement, journal);
}

async function readCopy(storage: Storage, folder: Folder): Promise<Marker | undefined> {
  const frame = await storage.get(markerKey);
  const payload = frame === undefined ? undefined : decodeRecord(markerKey, frame);
  if (payload === undefined) return undefined;
  const parsed = parseMarker(payload);
  if (parsed.kind === 'newer') throw newerFormat(folder, parsed.format);
  return parsed.kind === 'sound' ? parsed.marker : undefined;
}

export function markerEntry(marker: Marker): BatchEntry {
  return { type: 'put', key: markerKey, value: encodeRecord(markerKey, encodeMarker(marker)) };
}

function storageOptions(
  { writeBufferBytes }: DatabaseOptions,
  create: boolean,
): { create: boolean; writeBufferBytes: number } {
  return { create, writeBufferBytes };
}

// oxlint-disable-next-line consistent-return -- the switch is exhaustive
function openingFault({ dataDir, journal }: Folder, fault: StorageFault): SidecarError {
  const refuse = (code: string, message: string, hint: string): SidecarError =>
    new SidecarError(message, { code, retryable: false, hint, cause: fault });
  switch (fault.kind) {
    case 'locked':
      return refuse(
        'journal-locked',
        `another process uses ${dataDir}`,
        'each sidecar needs a data folder of its own: stop the other one, or set REPLICAR_DATA_DIR',
      );
    case 'forbidden':
      return folderFault(journal, Object.assign(new Error(fault.message), { code: 'EACCES' }));
    case 'read-only':
      return folderFault(journal, Object.assign(new Error(fault.message), { code: 'EROFS' }));
    case 'full':
      return folderFault(journal, Object.assign(new Error(fault.message), { code: 'ENOSPC' }));
    case 'absent':
      return missingDatabase({ dataDir, journal, replacement: '', marker: '' });
    case 'corrupt':
    case 'failed':
      return refuse(
        'journal-unreadable',
        `${journal} cannot be opened: ${fault.message}`,
        'check the disk; move the whole data folder away to begin a new journal, then resync all buckets',
      );
  }
}

function missingDatabase({ dataDir, journal }: Folder): SidecarError {
  return new SidecarError(`${dataDir} has a marker, but the database in ${journal} is missing`, {
    code: 'journal-missing',
    retryable: false,
    hint:
      'is the right volume mounted? Put the folder back from where it went; or, if it is lost, remove ' +
      'replicar.json to begin a new journal, and resync all buckets',
  });
}

function foreignFolder({ dataDir, journal }: Folder): SidecarError {
  return new SidecarError(`${journal} is not the journal that ${dataDir} was made with`, {
    code: 'journal-foreign',
    retryable: false,
    hint: 'put back the folder that belongs here, or set REPLICAR_DATA_DIR to an empty one',
  });
}

function newerFormat({ dataDir }: Folder, format: number): SidecarError {
  return new SidecarError(
    `${dataDir} has format ${format}; this version knows formats up to ${formatVersion}`,
    {
      code: 'journal-newer-format',
      retryable: false,
      hint: 'run the newer version again that wrote it',
    },
  );
}
