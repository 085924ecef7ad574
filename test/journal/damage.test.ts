/* oxlint-disable no-await-in-loop -- one fault after the other */

// Faults of the disk in a journal that lies still: what is lost is noticed, said, and marked; what is whole goes on.

import { cp, readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { SidecarError } from '../../src/errors.ts';
import { metaKey, readyKey, statusKey, taskKey } from '../../src/journal/keys.ts';
import { openJournal } from '../../src/journal/open-journal.ts';
import type { OpenedJournal } from '../../src/journal/options.ts';
import { openLevel } from '../../src/journal/storage.ts';
import {
  claimAll,
  draft,
  failedUntil,
  intent,
  open,
  settings,
  temporaryFolder,
} from './arrangement.ts';

const tasksMade = 1_500;

/** A journal in all states, in tables (it was reopened) and, where asked, in its log. */
async function fill(t: ExecutionContext, inLog = 0): Promise<string> {
  const dataDir = await temporaryFolder(t);
  for (const part of ['table', 'log']) {
    const journal = await openJournal({ ...settings, dataDir });
    const count = part === 'table' ? tasksMade : inLog;
    const drafts = Array.from({ length: count }, (_, index) =>
      draft(`${part} ${index % 1_000}`, { versionId: `${index}`, etag: `${index * 7919}` }),
    );
    for (let from = 0; from < count; from += 100) {
      await journal.enqueue(drafts.slice(from, from + 100));
    }
    if (part === 'table') await putInAllStates(journal);
    await journal.close();
  }
  // Opening once more turns the log into a table.
  if (inLog === 0) await (await openJournal({ ...settings, dataDir })).close();
  return dataDir;
}

async function putInAllStates(journal: OpenedJournal): Promise<void> {
  const tasks = await journal.claim({ ...claimAll, max: 60 });
  await Promise.all(
    tasks.map((task, index) =>
      index % 2 === 0 ? journal.complete(task, {}) : journal.postpone(task, failedUntil(index)),
    ),
  );
  await journal.openIntent(intent('open'));
}

/** Drains the journal; how many tasks came, and whether every lane kept its order. */
async function drain(journal: OpenedJournal): Promise<{ count: number; inOrder: boolean }> {
  await journal.wake('site-b', 'all');
  const last = new Map<string, number>();
  let count = 0;
  let inOrder = true;
  for (;;) {
    const tasks = await journal.claim({ ...claimAll, max: 200 });
    if (tasks.length === 0) return { count, inOrder };
    for (const { sequence, change } of tasks) {
      inOrder &&= (last.get(change.key) ?? 0) < sequence;
      last.set(change.key, sequence);
    }
    await Promise.all(tasks.map((task) => journal.complete(task, {})));
    count += tasks.length;
  }
}

async function filesOf(dataDir: string, pattern: RegExp): Promise<string[]> {
  const names = await readdir(join(dataDir, 'journal'));
  return names.filter((name) => pattern.test(name)).map((name) => join(dataDir, 'journal', name));
}

async function tamper(
  dataDir: string,
  entries: Parameters<Awaited<ReturnType<typeof openLevel>>['batch']>[0],
): Promise<void> {
  const options = { create: false, writeBufferBytes: 2 ** 20 };
  const storage = await openLevel(join(dataDir, 'journal'), options);
  await storage.batch(entries, true);
  await storage.close();
}

test('a journal that nothing happened to is found whole', async (t) => {
  const dataDir = await fill(t, 200);
  const journal = await open(t, { dataDir });
  await journal.scrub();
  t.is(journal.health().state, 'ok');
  t.deepEqual(await journal.marks(), []);
  t.deepEqual(await drain(journal), { count: tasksMade - 30 + 200, inOrder: true });
});

test('a lost task is noticed by the scrub, marked, and the rest goes on', async (t) => {
  const dataDir = await fill(t);
  await tamper(dataDir, [{ type: 'del', key: taskKey(1, 400) }]);
  const journal = await open(t, { dataDir });
  t.is(journal.health().state, 'ok');
  await journal.scrub();
  t.is(journal.health().state, 'damaged');
  t.regex(journal.health().reason ?? '', /tasks/);
  t.deepEqual(
    (await journal.marks()).map(({ bucket, target }) => [bucket, target]),
    [
      ['*', 'site-b'],
      ['*', 'site-c'],
    ],
  );
  t.deepEqual(await drain(journal), { count: tasksMade - 31, inOrder: true });
  for (const { bucket, target } of await journal.marks()) await journal.unmark(bucket, target);
  t.is(journal.health().state, 'ok');
  await journal.close();
  const again = await open(t, { dataDir });
  t.is(again.health().state, 'ok');
});

test('a damage stays told across restarts until its marks are gone', async (t) => {
  const dataDir = await fill(t);
  const broken = Buffer.from('not a record');
  await tamper(dataDir, [{ type: 'put', key: statusKey('photos', 'table 5', '5'), value: broken }]);
  const journal = await open(t, { dataDir });
  await journal.scrub();
  t.deepEqual(
    (await journal.marks()).map(({ bucket }) => bucket),
    ['photos', 'photos'],
  );
  await journal.close();
  const again = await open(t, { dataDir });
  t.is(again.health().state, 'damaged');
  await again.scrub();
  t.is((await again.marks()).length, 2);
});

test('a lost index row is made again without a mark', async (t) => {
  const dataDir = await fill(t);
  await tamper(dataDir, [{ type: 'del', key: readyKey(1, 'live', 500) }]);
  const journal = await open(t, { dataDir });
  await journal.scrub();
  t.is(journal.health().state, 'ok');
  t.deepEqual(await journal.marks(), []);
  t.deepEqual(await drain(journal), { count: tasksMade - 30, inOrder: true });
});

test('a damaged task met by a claim is not handed out, stops nobody, and is marked', async (t) => {
  const dataDir = await fill(t);
  const sequence = 100;
  await tamper(dataDir, [{ type: 'put', key: taskKey(1, sequence), value: Buffer.from('no') }]);
  const journal = await open(t, { dataDir });
  const { count, inOrder } = await drain(journal);
  t.true(inOrder);
  t.is(count, tasksMade - 31);
  t.is(journal.health().state, 'damaged');
  t.is(journal.counts('site-b').pending, 0);
});

test('a damaged status that is read counts as unknown and is marked', async (t) => {
  const dataDir = await fill(t);
  const key = statusKey('photos', 'table 5', '5');
  await tamper(dataDir, [{ type: 'put', key, value: Buffer.from('no') }]);
  const journal = await open(t, { dataDir });
  t.is(await journal.status({ bucket: 'photos', key: 'table 5', versionId: '5' }), undefined);
  await journal.enqueue([draft('after')]);
  await journal.enqueue([draft('after', { versionId: '2' })]);
  t.is(journal.health().state, 'damaged');
});

test('the numbers of the last commit are checked at the start', async (t) => {
  const dataDir = await fill(t);
  await tamper(dataDir, [{ type: 'del', key: metaKey }]);
  const journal = await open(t, { dataDir });
  t.is(journal.health().state, 'damaged');
  const { pending, failed } = journal.counts('site-b');
  t.deepEqual({ pending, failed }, { pending: tasksMade - 30, failed: 30 });
  t.is(journal.intentsOpen(), 1);
  const [later] = await journal.enqueue([draft('later')]);
  t.true((later?.sequence ?? 0) > tasksMade);
});

test('an older copy of the database in the folder is noticed', async (t) => {
  const dataDir = await fill(t);
  const copy = await temporaryFolder(t);
  await cp(join(dataDir, 'journal'), copy, { recursive: true });
  const journal = await open(t, { dataDir });
  await journal.enqueue([draft('later')]);
  await journal.close();
  for (const name of await readdir(join(dataDir, 'journal'))) {
    await unlink(join(dataDir, 'journal', name));
  }
  await cp(copy, join(dataDir, 'journal'), { recursive: true });
  const again = await open(t, { dataDir });
  t.is(again.health().state, 'damaged');
});

test('a mending that was interrupted is begun again at the next start', async (t) => {
  const dataDir = await fill(t);
  await tamper(dataDir, [{ type: 'del', key: taskKey(1, 400) }]);
  let batches = 0;
  const dying = await openJournal({
    ...settings,
    dataDir,
    openStorage: async (folder, options) => {
      const storage = await openLevel(folder, options);
      return {
        ...storage,
        batch: async (entries, durable) => {
          // The opening's own, the note of the damage, and one page of the mending pass.
          if (++batches > 3) throw new Error('the process dies here');
          return storage.batch(entries, durable);
        },
      };
    },
  });
  await dying.scrub();
  t.is((await dying.broken).code, 'journal-broken');
  await dying.close();
  const journal = await open(t, { dataDir });
  t.is(journal.health().state, 'damaged');
  t.deepEqual(await drain(journal), { count: tasksMade - 31, inOrder: true });
});

test('a database that does not open is kept aside, and all buckets are marked', async (t) => {
  const dataDir = await fill(t);
  for (const table of await filesOf(dataDir, /\.ldb$/)) await unlink(table);
  const journal = await open(t, { dataDir });
  t.is(journal.health().state, 'damaged');
  t.is((await journal.marks()).length, 2);
  t.true((await readdir(dataDir)).some((name) => name.startsWith('journal-damaged-')));
  await journal.enqueue([draft('new')]);
  t.is((await drain(journal)).count, 1);
});

/** Small, reproducible pseudo-random numbers. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const isBroken = (error: unknown): boolean =>
  error instanceof SidecarError && error.code === 'journal-broken';

/** Scrubs and drains a journal; starts again where it gives up on its database, as a supervisor would. */
async function exercise(dataDir: string) {
  let drained = 0;
  for (let start = 1; ; start++) {
    const journal = await openJournal({ ...settings, dataDir });
    try {
      await journal.scrub();
      const { count, inOrder } = await drain(journal);
      drained += count;
      await journal.scrub();
      const isDamaged = journal.health().state === 'damaged';
      const marks = (await journal.marks()).length;
      return {
        count: drained,
        inOrder,
        isDamaged,
        marks,
        pending: journal.counts('site-b').pending,
      };
    } catch (error) {
      if (start === 3 || !isBroken(error)) throw error;
    } finally {
      await journal.close();
    }
  }
}

for (const [kind, pattern] of [
  ['table', /\.ldb$/],
  ['log', /\.log$/],
] as const) {
  test(`a flipped bit in a ${kind} file is detected or harmless`, async (t) => {
    t.timeout(120_000);
    const pristine = await fill(t, kind === 'log' ? 400 : 0);
    const random = randomFrom(kind === 'log' ? 7 : 11);
    let detected = 0;
    for (let round = 0; round < 12; round++) {
      const dataDir = await temporaryFolder(t);
      await cp(pristine, dataDir, { recursive: true });
      const files = await filesOf(dataDir, pattern);
      const path = files[random(files.length)] ?? '';
      const bytes = await readFile(path);
      if (bytes.length === 0) continue;
      const at = random(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
      await writeFile(path, bytes);
      const result = await exercise(dataDir);
      if (result.isDamaged) detected++;
      t.true(result.inOrder);
      const whole = tasksMade - 30 + (kind === 'log' ? 400 : 0);
      const isSilent = !result.isDamaged && result.count !== whole;
      t.false(isSilent, `${path} at ${at}: ${result.count} of ${whole}`);
      t.is(result.marks > 0, result.isDamaged);
      t.is(result.pending, 0);
    }
    t.true(detected > 0);
  });
}
