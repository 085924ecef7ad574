import test from 'ava';
import { intentKey } from '../../src/journal/keys.ts';
import { OwnIntents } from '../../src/journal/own-intents.ts';
import { openLevel, type Storage } from '../../src/journal/storage.ts';
import { draft, intent, open, openFresh, temporaryFolder } from './arrangement.ts';

/** A real database that notes which intents are read ahead. */
function noting(read: string[]): typeof openLevel {
  return async (...parameters): Promise<Storage> => {
    const storage = await openLevel(...parameters);
    return {
      ...storage,
      getMany: (keys) => {
        read.push(...keys.filter((key) => key.startsWith('i')));
        return storage.getMany(keys);
      },
    };
  };
}

test('an intent that this process opened is settled without reading its record', async (t) => {
  const read: string[] = [];
  const journal = await openFresh(t, { openStorage: noting(read) });
  const { id } = await journal.openIntent(intent('a'));
  await journal.settle(id, [draft('a')]);
  await t.throwsAsync(journal.settle(id, [draft('a')]), { code: 'unknown-intent' });
  t.is(journal.intentsOpen(), 0);
  t.deepEqual(read, [intentKey(id)], 'only the second settling has to ask the disk');
});

test('an intent that an earlier process opened is read and settled', async (t) => {
  const dataDir = await temporaryFolder(t);
  const before = await open(t, { dataDir });
  const { id } = await before.openIntent(intent('a'));
  await before.close();
  const read: string[] = [];
  const journal = await open(t, { dataDir, openStorage: noting(read) });
  const tasks = await journal.settle(id, [draft('a')]);
  t.is(tasks.length, 1);
  t.deepEqual(read, [intentKey(id)]);
});

test('more open intents than are kept in memory are settled all the same', async (t) => {
  const read: string[] = [];
  const journal = await openFresh(t, { openStorage: noting(read) });
  const opened = await Promise.all(
    Array.from({ length: 4200 }, (_, index) => journal.openIntent(intent(`key ${index}`))),
  );
  await Promise.all(opened.map(({ id }) => journal.settle(id, [])));
  t.is(journal.intentsOpen(), 0);
  t.is(read.length, 4200 - 4096);
  await journal.scrub();
  t.is(journal.health().state, 'ok');
});

test('a record put again replaces the one that is kept, and a deleted one is forgotten', (t) => {
  const own = new OwnIntents();
  const key = intentKey(1);
  own.wrote([
    { type: 'put', key, value: Buffer.from('first') },
    { type: 'put', key: 't--1', value: Buffer.from('a task') },
  ]);
  own.wrote([{ type: 'put', key, value: Buffer.from('second') }]);
  t.is(String(own.get(key)), 'second');
  t.is(own.get('t--1'), undefined);
  own.wrote([{ type: 'del', key }]);
  t.is(own.get(key), undefined);
});
