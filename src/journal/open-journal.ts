// Opens the journal: the folder, the database within it, and what changed since the last start.

import { SidecarError } from '../errors.ts';
import { DiskSpace } from './disk-space.ts';
import { folderAt, type Log, prepareFolder, writeMarker } from './folder.ts';
import { LevelJournal } from './level-journal.ts';
import { hasTooManyTargets, type Marker, updateMarker } from './marker.ts';
import { openDatabase } from './open-database.ts';
import type { JournalOptions, OpenedJournal } from './options.ts';
import { recover } from './recover.ts';
import { openLevel } from './storage.ts';

const silent: Log = { info: () => {}, warn: () => {}, error: () => {} };

export async function openJournal(options: JournalOptions): Promise<OpenedJournal> {
  const { log = silent, limits = {} } = options;
  await prepareFolder(folderAt(options.dataDir), log);
  const space = await DiskSpace.open({
    dataDir: options.dataDir,
    ballastBytes: limits.ballastBytes,
    reserveBytes: limits.reserveBytes,
    measure: options.measureSpace,
  });
  try {
    return await openWithin(space, options);
  } catch (error) {
    const isFull = error instanceof SidecarError && error.code.endsWith('-full');
    if (!isFull) throw error;
    // LevelDB does not open on a full disk: that is what the ballast is for.
    log.warn({ freeBytes: space.freeBytes }, 'the disk is full: the ballast is released');
    await space.releaseBallast();
    return openWithin(space, options);
  }
}

async function openWithin(space: DiskSpace, options: JournalOptions): Promise<OpenedJournal> {
  const { now = Date.now, log = silent, limits = {}, openStorage = openLevel } = options;
  const folder = folderAt(options.dataDir);
  const writeBufferBytes = Math.floor(
    Math.min(4 * 2 ** 20, Math.max(2 ** 16, space.totalBytes / 16)),
  );
  const database = { folder, site: options.site, open: openStorage, writeBufferBytes, now, log };
  const opened = await openDatabase(database);
  try {
    const update = updateMarker(opened.marker, options, now());
    if (hasTooManyTargets(update.marker)) throw tooManyTargets();
    const configured = options.targets.map(({ name }) => name);
    const recovered = await recover(opened, update, { configured, now, log });
    const marker: Marker = { ...update.marker, batchesAtLeast: recovered.ledger.batch };
    await writeMarker(folder, marker);
    return await LevelJournal.start({
      ...recovered,
      storage: opened.storage,
      reopen: () => openStorage(folder.journal, { create: false, writeBufferBytes }),
      space,
      folder,
      marker,
      options,
      now,
      log,
      limits,
      configured,
      changes: update.changes,
    });
  } catch (error) {
    await opened.storage.close();
    throw error;
  }
}

function tooManyTargets(): SidecarError {
  return new SidecarError('the journal has met more targets than it can tell apart', {
    code: 'too-many-targets',
    retryable: false,
    hint: 'begin a new data folder, then resync all buckets',
  });
}
