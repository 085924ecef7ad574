import { execFileSync } from 'node:child_process';
import { appendFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { SidecarError } from '../../src/errors.ts';
import type { OpenedJournal } from '../../src/journal/options.ts';
import { type OpenStorage, openLevel } from '../../src/journal/storage.ts';
import { claimAll, draft, intent, open, openFresh, temporaryFolder } from './arrangement.ts';

const megabyte = 2 ** 20;

/** Waits for something that a background loop does; ava's time-out is its end. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  // oxlint-disable-next-line no-await-in-loop -- that is what waiting is
  while (!(await isSo())) await pause(10);
}

/** A database whose next commits fail as LevelDB says it. */
function failing(fault: { message: string | undefined }): OpenStorage {
  return async (folder, options) => {
    const storage = await openLevel(folder, options);
    return {
      ...storage,
      batch: async (entries, durable) => {
        if (fault.message !== undefined) throw new Error(fault.message);
        return storage.batch(entries, durable);
      },
    };
  };
}

test('new work is refused before the disk is full, and what drains goes on', async (t) => {
  const space = { freeBytes: 100 * megabyte, totalBytes: 1000 * megabyte };
  const limits = { ballastBytes: 0, reserveBytes: 10 * megabyte, lookIntervalMs: 5 };
  const journal = await openFresh(t, { limits, measureSpace: async () => space });
  await journal.enqueue([draft('a')]);
  const { id } = await journal.openIntent(intent('b'));
  space.freeBytes = 9 * megabyte;
  await until(() => journal.health().state === 'full');
  await t.throwsAsync(journal.openIntent(intent('c')), { code: 'journal-full' });
  await t.throwsAsync(journal.enqueue([draft('c')]), { code: 'journal-full' });
  await journal.settle(id, [draft('b')]);
  const tasks = await journal.claim(claimAll);
  await Promise.all(tasks.map((task) => journal.complete(task, {})));
  t.is(tasks.length, 2);
  space.freeBytes = megabyte;
  await until(() => journal.health().freeBytes === megabyte);
  await t.throwsAsync(journal.drop(1), { code: 'journal-full' });
  space.freeBytes = 100 * megabyte;
  await until(() => journal.health().state === 'ok');
  await journal.openIntent(intent('c'));
});

test('a commit that finds the disk full is refused, nothing is lost, and it goes on by itself', async (t) => {
  const fault: { message: string | undefined } = { message: undefined };
  const journal = await openFresh(t, { openStorage: failing(fault) });
  await journal.enqueue([draft('a'), draft('b')]);
  const [inFlight] = await journal.claim({ ...claimAll, max: 1 });
  fault.message = 'IO error: /data/000003.log: No space left on device';
  const error = await t.throwsAsync(journal.openIntent(intent('a')), { code: 'journal-full' });
  t.like(error, { retryable: true });
  await t.throwsAsync(journal.claim(claimAll), { code: 'journal-full' });
  t.is(journal.counts('site-b').pending, 2);
  t.is(
    (await journal.status({ bucket: 'photos', key: 'a', versionId: 'version of a' }))?.replica,
    false,
  );
  fault.message = undefined;
  await until(() => journal.health().state === 'ok');
  const [other, ...none] = await journal.claim(claimAll);
  t.is(other?.change.key, 'b');
  t.deepEqual(none, []);
  if (inFlight !== undefined) await journal.complete(inFlight, {});
  await journal.scrub();
  t.is(journal.health().state, 'ok');
  t.is(journal.counts('site-b').pending, 1);
});

test('a failed sync is the end: it is never tried again, and a start on the same folder recovers', async (t) => {
  const dataDir = await temporaryFolder(t);
  const fault: { message: string | undefined } = { message: undefined };
  const journal = await open(t, { dataDir, openStorage: failing(fault) });
  await journal.enqueue([draft('a')]);
  fault.message = 'IO error: /data/000003.log: Input/output error';
  const refused = { code: 'journal-broken' };
  await t.throwsAsync(journal.openIntent(intent('a')), refused);
  fault.message = undefined;
  await t.throwsAsync(journal.openIntent(intent('a')), refused);
  await t.throwsAsync(journal.claim(claimAll), refused);
  t.is((await journal.broken).code, 'journal-broken');
  t.truthy(await journal.status({ bucket: 'photos', key: 'a', versionId: 'version of a' }));
  await journal.close();
  const again = await open(t, { dataDir });
  t.is(again.counts('site-b').pending, 1);
  t.is(again.health().state, 'ok');
});

test('a database that became corrupt under its writer is replaced at the next start by what can be read of it', async (t) => {
  const dataDir = await temporaryFolder(t);
  const fault: { message: string | undefined } = { message: undefined };
  const journal = await open(t, { dataDir, openStorage: failing(fault) });
  await journal.enqueue([draft('a'), draft('b')]);
  fault.message = 'Corruption: block checksum mismatch';
  await t.throwsAsync(journal.enqueue([draft('c')]), { code: 'journal-broken' });
  await journal.close();
  const again = await open(t, { dataDir });
  t.is(again.health().state, 'damaged');
  t.true((await readdir(dataDir)).some((name) => name.startsWith('journal-damaged-')));
  t.deepEqual(
    (await again.claim(claimAll)).map(({ change }) => change.key),
    ['a', 'b'],
  );
});

test('the ballast takes the room it is told to', async (t) => {
  const dataDir = await temporaryFolder(t);
  await open(t, { dataDir, limits: { ballastBytes: 3 * megabyte + 5 } });
  await until(async () => (await sizeOf(join(dataDir, 'ballast'))) === 3 * megabyte + 5);
  t.pass();
});

/** The size of a file, 0 if there is none. */
async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** A volume of 24 MiB that a test may fill. */
async function smallVolume(t: ExecutionContext): Promise<string> {
  const folder = await temporaryFolder(t);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', folder]);
  t.teardown(() => {
    execFileSync('umount', ['-l', folder]);
  });
  return folder;
}

const canMount = process.getuid?.() === 0 && mounts();

function mounts(): boolean {
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function fillUntilRefused(journal: OpenedJournal): Promise<number> {
  const etag = 'e'.repeat(1_000);
  for (let count = 0; ; count += 50) {
    const drafts = Array.from({ length: 50 }, (_, index) => draft(`${count + index}`, { etag }));
    try {
      // oxlint-disable-next-line no-await-in-loop -- until it is full
      await journal.enqueue(drafts);
    } catch (error) {
      if (error instanceof SidecarError && error.code === 'journal-full') return count;
      throw error;
    }
  }
}

/** Whether a new intent is refused for want of room. */
async function isRefused(journal: OpenedJournal): Promise<boolean> {
  return journal.openIntent(intent('a')).then(
    () => false,
    (error: unknown) => error instanceof SidecarError && error.code === 'journal-full',
  );
}

if (canMount) {
  test('a really full volume refuses writes, keeps everything, opens again, and goes on with room', async (t) => {
    t.timeout(120_000);
    const dataDir = await smallVolume(t);
    const limits = { lookIntervalMs: 20 };
    const journal = await open(t, { dataDir, limits });
    const room = join(dataDir, 'something-else');
    await writeFile(room, Buffer.alloc(8 * megabyte, 1));
    const kept = await fillUntilRefused(journal);
    t.is(journal.health().state, 'full');
    // Somebody else takes every byte that is left, and all that a compaction frees meanwhile.
    const rest = join(dataDir, 'the-rest');
    await until(async () => {
      await appendFile(rest, Buffer.alloc(4 * megabyte, 1)).catch(() => undefined);
      return isRefused(journal);
    });
    t.truthy(await journal.status({ bucket: 'photos', key: '0', versionId: 'version of 0' }));
    await journal.close().catch(() => undefined);

    const again = await open(t, { dataDir, limits });
    t.is(again.counts('site-b').pending, kept);
    await writeFile(room, '');
    await writeFile(rest, '');
    await until(() => again.health().state === 'ok');
    await again.openIntent(intent('a'));
    await again.scrub();
    t.is(again.health().state, 'ok');
  });
}
