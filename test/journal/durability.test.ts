import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import type { OpenedJournal } from '../../src/journal/options.ts';
import { openLevel, type Storage } from '../../src/journal/storage.ts';
import { claimAll, draft, intent, open, openFresh, temporaryFolder } from './arrangement.ts';

/** A real database whose commits wait until they are let go, and are written down. */
class StalledStorage {
  readonly commits: boolean[] = [];
  #gate: Promise<void> = Promise.resolve();
  #letGo: () => void = () => {};

  readonly open = async (...parameters: Parameters<typeof openLevel>): Promise<Storage> => {
    const storage = await openLevel(...parameters);
    return {
      ...storage,
      batch: async (entries, durable) => {
        this.commits.push(durable);
        await this.#gate;
        return storage.batch(entries, durable);
      },
    };
  };

  stall(): void {
    this.commits.length = 0;
    this.#gate = new Promise((resolve) => {
      this.#letGo = resolve;
    });
  }

  letGo(): void {
    this.#letGo();
  }
}

test('an intent resolves only after the sync that covers it', async (t) => {
  const stalled = new StalledStorage();
  const journal = await openFresh(t, { openStorage: stalled.open });
  stalled.stall();
  let resolved = false;
  const opened = journal.openIntent(intent('a')).finally(() => {
    resolved = true;
  });
  while (stalled.commits.length === 0) {
    // oxlint-disable-next-line no-await-in-loop -- until the commit has begun
    await new Promise(setImmediate);
  }
  t.false(resolved);
  stalled.letGo();
  await opened;
  t.deepEqual(stalled.commits, [true]);
});

test('what comes while a commit runs goes into the next one, synced if any of it must be', async (t) => {
  const stalled = new StalledStorage();
  const journal = await openFresh(t, { openStorage: stalled.open });
  stalled.stall();
  const first = journal.enqueue([draft('first')]);
  while (stalled.commits.length === 0) {
    // oxlint-disable-next-line no-await-in-loop -- until the commit has begun
    await new Promise(setImmediate);
  }
  const others = [
    ...Array.from({ length: 50 }, (_, index) => journal.enqueue([draft(`key ${index}`)])),
    journal.openIntent(intent('a')),
  ];
  stalled.letGo();
  await Promise.all([first, ...others]);
  t.deepEqual(stalled.commits, [false, true]);
  await journal.drop((await journal.openIntents())[0]?.id ?? 0);
  t.deepEqual(stalled.commits, [false, true, false]);
});

test('a claim is counted on disk before it resolves, where that is asked', async (t) => {
  const stalled = new StalledStorage();
  const journal = await openFresh(t, { openStorage: stalled.open });
  await journal.enqueue([draft('a'), draft('b')]);
  stalled.commits.length = 0;
  await journal.claim({ ...claimAll, max: 1, durable: true });
  await journal.claim({ ...claimAll, max: 1 });
  t.deepEqual(stalled.commits, [true, false]);
});

test('nothing that was resolved is missing after the process was killed between two writes', async (t) => {
  const dataDir = await temporaryFolder(t);
  const promised: string[] = [];
  for (const round of ['1', '2', '3']) {
    // oxlint-disable-next-line no-await-in-loop -- each round goes on where the one before was killed
    promised.push(...(await writeAndKill(dataDir, round)));
  }
  const journal = await open(t, { dataDir });
  const intents = await allIntents(journal);
  const settled = promised.filter((line) => line.startsWith('settled ')).map(nameIn);
  for (const key of promised.filter((line) => line.startsWith('intent ')).map(nameIn)) {
    if (settled.includes(key)) t.false(intents.has(key), `${key} is settled and open`);
  }
  const unsettled = promised.map(nameIn).filter((key) => !settled.includes(key));
  for (const key of unsettled) {
    // oxlint-disable-next-line no-await-in-loop -- one look after the other
    const isSettled = (await journal.statusesOf('photos', key)).length > 0;
    t.true(intents.has(key) || isSettled, `the intent of ${key} is lost`);
  }
  for (const key of settled) {
    // oxlint-disable-next-line no-await-in-loop -- one look after the other
    const status = await journal.status({ bucket: 'photos', key: 'shared', versionId: key });
    t.truthy(status, `${key} is lost`);
  }
  t.true(settled.length > 20);
  await journal.scrub();
  t.is(journal.health().state, 'ok');
});

const nameIn = (line: string): string => line.slice(line.indexOf(' ') + 1);

/** Runs the writer until it has promised enough, kills it, and returns the whole lines that it printed. */
async function writeAndKill(dataDir: string, round: string): Promise<string[]> {
  const program = fileURLToPath(new URL('crash-writer.js', import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [program, dataDir, round], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (text.length > 2_000) child.kill('SIGKILL');
  });
  await once(child, 'close');
  return text.split('\n').slice(0, -1);
}

async function allIntents(journal: OpenedJournal): Promise<Set<string>> {
  const found = new Set<string>();
  for (let afterId = 0; ; ) {
    // oxlint-disable-next-line no-await-in-loop -- page after page
    const page = await journal.openIntents(afterId, 100);
    for (const { keys } of page) found.add(keys[0]?.key ?? '');
    const last = page.at(-1);
    if (last === undefined) return found;
    afterId = last.id;
  }
}
