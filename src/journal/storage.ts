// The edge to LevelDB, and the only file that knows it: a small interface over ordered records, and what its errors
// mean. Tests put a failing or a slow one in its place.

import { resolve } from 'node:path';
import { Level } from 'level';
import { SidecarError } from '../errors.ts';

export type BatchEntry =
  | { readonly type: 'put'; readonly key: string; readonly value: Buffer }
  | { readonly type: 'del'; readonly key: string };

export type Row = [key: string, value: Buffer];

export interface Range {
  /** Exclusive. */
  readonly after: string;
  /** Exclusive. */
  readonly before: string;
  readonly limit: number;
  readonly reverse?: boolean;
}

export interface Scan {
  /** The next rows in order; none at the end. */
  next(limit: number): Promise<Row[]>;
  close(): Promise<void>;
}

export interface Storage {
  get(key: string): Promise<Buffer | undefined>;
  getMany(keys: string[]): Promise<(Buffer | undefined)[]>;
  /** All or nothing. `durable`: resolves after the fdatasync. */
  batch(entries: BatchEntry[], durable: boolean): Promise<void>;
  page(range: Range): Promise<Row[]>;
  /** Everything as it is now, whatever is written meanwhile; it does not displace what the cache holds. */
  scan(): Scan;
  clear(prefix: string): Promise<void>;
  /** Gives the room of deleted records back to the disk. */
  compact(): Promise<void>;
  close(): Promise<void>;
}

export interface StorageOptions {
  readonly create: boolean;
  readonly writeBufferBytes: number;
}

export type OpenStorage = (folder: string, options: StorageOptions) => Promise<Storage>;

/** Opens a LevelDB. Rejects with a StorageFault. */
export async function openLevel(folder: string, options: StorageOptions): Promise<Storage> {
  const place = resolve(folder);
  // LevelDB would refuse it too, but let go of its lock on the way: closing any descriptor of a file gives up
  // all of the process's POSIX locks on it.
  if (openPlaces.has(place)) throw new StorageFault('locked', `${folder} is open in this process`);
  openPlaces.add(place);
  const level = new Level<string, Buffer>(folder, {
    keyEncoding: 'utf8',
    valueEncoding: 'buffer',
    createIfMissing: options.create,
    writeBufferSize: options.writeBufferBytes,
    // LevelDB maps its open tables into memory: their number times their size bounds what that adds to the RSS.
    maxFileSize: 2 ** 20,
    maxOpenFiles: 64,
  });
  try {
    await level.open();
  } catch (error) {
    openPlaces.delete(place);
    throw asFault(error);
  }
  return wrapLevel(level, () => {
    openPlaces.delete(place);
  });
}

const openPlaces = new Set<string>();

/** Rejects with a `locked` fault if somebody has the database open. Looks at nothing in it. */
export async function checkLock(folder: string): Promise<void> {
  if (openPlaces.has(resolve(folder))) {
    throw new StorageFault('locked', `${folder} is open in this process`);
  }
  // LevelDB takes its lock first, and only then refuses because there is a database.
  const level = new Level(folder, { createIfMissing: false, errorIfExists: true });
  try {
    await level.open();
    await level.close();
  } catch (error) {
    const fault = asFault(error);
    if (fault.kind === 'locked') throw fault;
  }
}

/** Makes a database of what table and log files are in a folder. */
export async function rebuildFrom(folder: string): Promise<void> {
  // `level` names it only where LevelDB is what lies beneath.
  const repair: unknown = Reflect.get(Level, 'repair');
  if (typeof repair !== 'function') throw new StorageFault('failed', 'there is no LevelDB here');
  await guarded(Promise.resolve(repair.call(Level, folder)));
}

const last = '\u{10ffff}';

function wrapLevel(level: Level<string, Buffer>, onClosed: () => void): Storage {
  return {
    get: (key) => guarded(level.get(key)),
    getMany: (keys) => guarded(level.getMany(keys)),
    batch: (entries, durable) => guarded(level.batch(entries, { sync: durable })),
    page: ({ after, before, limit, reverse = false }) =>
      guarded(level.iterator({ gt: after, lt: before, limit, reverse }).all()),
    scan() {
      const iterator = level.iterator({ fillCache: false });
      return {
        next: (limit) => guarded(iterator.nextv(limit)),
        close: () => guarded(iterator.close()),
      };
    },
    clear: (prefix) => guarded(level.clear({ gte: prefix, lt: prefix + last })),
    async compact() {
      // `level` names it only where LevelDB is what lies beneath.
      if ('compactRange' in level && typeof level.compactRange === 'function') {
        await guarded(Promise.resolve(level.compactRange('', last)));
      }
    },
    async close() {
      await guarded(level.close());
      onClosed();
    },
  };
}

async function guarded<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw asFault(error);
  }
}

/**
 * - `full`: no room. The write may have left half a record in the log, so the database must be opened anew.
 * - `corrupt`: a file is missing or makes no sense.
 * - `locked`: another process has it open.
 * - `forbidden`, `read-only`: the file system does not let us.
 * - `absent`: there is no database.
 * - `failed`: everything else, first of all EIO.
 */
export type FaultKind =
  | 'full'
  | 'corrupt'
  | 'locked'
  | 'forbidden'
  | 'read-only'
  | 'absent'
  | 'failed';

export class StorageFault extends SidecarError {
  readonly kind: FaultKind;

  constructor(kind: FaultKind, message: string, cause?: unknown) {
    super(message, { code: `storage-${kind}`, retryable: kind === 'full', cause });
    this.kind = kind;
  }
}

export function asFault(error: unknown): StorageFault {
  if (error instanceof StorageFault) return error;
  const { code, text } = innermost(error);
  return new StorageFault(kindOf(code, text), text, error);
}

function innermost(error: unknown): { code: string; text: string } {
  let found = { code: '', text: String(error) };
  for (let at = error; at instanceof Error; at = at.cause) {
    found = { code: 'code' in at ? String(at.code) : found.code, text: at.message };
  }
  return found;
}

function kindOf(code: string, text: string): FaultKind {
  if (code === 'LEVEL_LOCKED') return 'locked';
  if (/no space left|quota exceeded|file too large/i.test(text)) return 'full';
  if (/permission denied|operation not permitted/i.test(text)) return 'forbidden';
  if (/read-only file system/i.test(text)) return 'read-only';
  if (/does not exist \(create_if_missing is false\)/i.test(text)) return 'absent';
  if (code === 'LEVEL_CORRUPTION' || /corruption|no such file/i.test(text)) return 'corrupt';
  return 'failed';
}
