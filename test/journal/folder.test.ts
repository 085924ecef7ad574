import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { folderFault } from '../../src/journal/folder.ts';
import { openJournal } from '../../src/journal/open-journal.ts';
import { draft, open, settings, temporaryFolder } from './arrangement.ts';

test('the data folder is for its owner alone and holds what it should', async (t) => {
  const dataDir = join(await temporaryFolder(t), 'made', 'here');
  const journal = await open(t, { dataDir });
  t.is((await stat(dataDir)).mode & 0o777, 0o700);
  await journal.close();
  const names = await readdir(dataDir);
  t.deepEqual(names.filter((name) => name !== 'ballast').toSorted(), ['journal', 'replicar.json']);
  const marker: unknown = JSON.parse(await readFile(join(dataDir, 'replicar.json'), 'utf8'));
  t.like(marker, { format: 1, site: 'site-a' });
});

test('a rule keeps the time it was first seen at, as long as its text stays the same', async (t) => {
  const dataDir = await temporaryFolder(t);
  const rules = [{ name: 'ONE', text: 'photos -> site-b' }];
  const first = await open(t, { dataDir, rules, now: () => 1_000 });
  t.deepEqual(first.rules, [{ name: 'ONE', text: 'photos -> site-b', firstSeenAt: 1_000 }]);
  t.deepEqual(first.changes.newTargets, ['site-b', 'site-c']);
  await first.close();
  const more = [...rules, { name: 'TWO', text: 'photos/new -> site-b' }];
  const second = await open(t, { dataDir, rules: more, now: () => 2_000 });
  t.deepEqual(
    second.rules.map(({ firstSeenAt }) => firstSeenAt),
    [1_000, 2_000],
  );
  t.deepEqual(second.changes, { newTargets: [], movedTargets: [] });
  await second.close();
  const third = await open(t, { dataDir, rules: [], site: 'renamed' });
  t.is(third.changes.siteBefore, 'site-a');
});

test('tasks of a target that is no longer configured stay, are counted, and can be discarded', async (t) => {
  const dataDir = await temporaryFolder(t);
  const journal = await open(t, { dataDir });
  await journal.enqueue([draft('a', {}, ['site-c'])]);
  await journal.close();
  const again = await open(t, { dataDir, targets: settings.targets.slice(0, 1) });
  t.deepEqual(again.knownTargets(), ['site-b', 'site-c']);
  t.is(again.counts('site-c').pending, 1);
  t.is(await again.discard('site-c'), 1);
  t.deepEqual(again.knownTargets(), ['site-b']);
});

test('a second journal in the same process or another is refused', async (t) => {
  const dataDir = await temporaryFolder(t);
  const journal = await open(t, { dataDir });
  await journal.enqueue([draft('a')]);
  const error = await t.throwsAsync(openJournal({ ...settings, dataDir }), {
    code: 'journal-locked',
  });
  t.regex(error?.message ?? '', /another process/);
  const program = fileURLToPath(new URL('crash-writer.js', import.meta.url));
  const child = spawn(process.execPath, [program, dataDir, '1'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  const [code] = await once(child, 'close');
  t.is(code, 1);
  t.regex(said, /journal-locked/);
  await journal.enqueue([draft('b')]);
  t.is(journal.counts('site-b').pending, 2);
});

test('a database that is gone is not begun anew behind its marker', async (t) => {
  const dataDir = await temporaryFolder(t);
  const journal = await open(t, { dataDir });
  await journal.enqueue([draft('a')]);
  await journal.close();
  await unlink(join(dataDir, 'journal', 'CURRENT'));
  const before = await readdir(join(dataDir, 'journal'));
  await t.throwsAsync(openJournal({ ...settings, dataDir }), { code: 'journal-missing' });
  t.deepEqual(await readdir(join(dataDir, 'journal')), before);
  await rm(join(dataDir, 'journal'), { recursive: true });
  await t.throwsAsync(openJournal({ ...settings, dataDir }), { code: 'journal-missing' });
});

test('the database of another folder is refused, both ways round', async (t) => {
  const [mine, other] = [await temporaryFolder(t), await temporaryFolder(t)];
  for (const dataDir of [mine, other]) {
    // oxlint-disable-next-line no-await-in-loop -- one folder after the other
    await (await openJournal({ ...settings, dataDir })).close();
  }
  await rename(join(mine, 'journal'), join(mine, 'mine'));
  await rename(join(other, 'journal'), join(mine, 'journal'));
  await t.throwsAsync(openJournal({ ...settings, dataDir: mine }), { code: 'journal-foreign' });
});

test('the folder of a newer version is left alone', async (t) => {
  const dataDir = await temporaryFolder(t);
  await (await openJournal({ ...settings, dataDir })).close();
  const path = join(dataDir, 'replicar.json');
  const marker = (await readFile(path, 'utf8')).replace('"format": 1', '"format": 2');
  await writeFile(path, marker);
  const error = await t.throwsAsync(openJournal({ ...settings, dataDir }), {
    code: 'journal-newer-format',
  });
  t.regex(error?.message ?? '', /format 2/);
  t.is(await readFile(path, 'utf8'), marker);
});

test('a damaged or missing marker file is made again from its copy', async (t) => {
  const dataDir = await temporaryFolder(t);
  const journal = await open(t, { dataDir });
  await journal.enqueue([draft('a')]);
  await journal.close();
  const path = join(dataDir, 'replicar.json');
  const { identity } = JSON.parse(await readFile(path, 'utf8'));
  for (const spoil of [() => writeFile(path, '{"format": 1'), () => unlink(path)]) {
    /* oxlint-disable no-await-in-loop -- one fault after the other */
    await spoil();
    const again = await openJournal({ ...settings, dataDir });
    t.is(again.counts('site-b').pending, 1);
    t.is(again.health().state, 'ok');
    await again.close();
    t.is(JSON.parse(await readFile(path, 'utf8')).identity, identity);
    /* oxlint-enable no-await-in-loop */
  }
});

test('a first start that was interrupted is begun again', async (t) => {
  const dataDir = await temporaryFolder(t);
  await (await openJournal({ ...settings, dataDir })).close();
  await unlink(join(dataDir, 'replicar.json'));
  await writeFile(join(dataDir, 'replicar.json.new'), 'half');
  const journal = await open(t, { dataDir });
  t.is(journal.health().state, 'ok');
});

test('a folder that is a file is refused', async (t) => {
  const dataDir = join(await temporaryFolder(t), 'file');
  await writeFile(dataDir, '');
  await t.throwsAsync(openJournal({ ...settings, dataDir }), { code: 'journal-folder' });
});

test('a folder without permission is refused with a way out', async (t) => {
  const dataDir = await temporaryFolder(t);
  if (process.getuid?.() === 0) {
    // Nothing is forbidden to root: what the file system would say is handed in.
    const denied = Object.assign(new Error('EACCES'), { code: 'EACCES' });
    const fault = folderFault(dataDir, denied);
    t.is(fault.code, 'journal-forbidden');
    t.regex(fault.hint ?? '', /access/);
    return;
  }
  await mkdir(join(dataDir, 'closed'), { mode: 0o500 });
  t.teardown(() => chmod(join(dataDir, 'closed'), 0o700));
  const closed = join(dataDir, 'closed', 'data');
  await t.throwsAsync(openJournal({ ...settings, dataDir: closed }), { code: 'journal-forbidden' });
});

test('a read-only file system is told as such', (t) => {
  const fault = folderFault('/data', Object.assign(new Error('EROFS'), { code: 'EROFS' }));
  t.is(fault.code, 'journal-read-only');
});
