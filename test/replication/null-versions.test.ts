// Without versions an object is only its latest state: what an earlier attempt left is told from what was there before.

import test from 'ava';
import { bucket, count, history, manners, world } from './arrangement.ts';

for (const target of manners) {
  for (const targetVersioning of ['off', 'enabled'] as const) {
    const where = `${target}, target versioning ${targetVersioning}`;

    test(`${where}: an answer that is lost makes no second copy`, async (t) => {
      const {
        target: store,
        put,
        replicator,
        drained,
      } = await world(t, {
        target,
        versioning: 'off',
        targetVersioning,
      });
      store.faults.add({ operation: 'PutObject', skip: 1 }, { kind: 'cut', point: 'after' });
      await put('first', 'finds the dialect out');
      await put('a.txt', 'one', { Tagging: 'a=1', Metadata: { a: 'b' } });
      replicator.start();
      await drained();
      t.is(store.versions(bucket, 'a.txt').length, 1);
      t.deepEqual(store.current(bucket, 'a.txt')?.tags, { a: '1' });
    });

    test(`${where}: the same bytes with other headers are sent although a copy is there`, async (t) => {
      const {
        source,
        target: store,
        put,
        replicator,
        drained,
      } = await world(t, {
        target,
        versioning: 'off',
        targetVersioning,
      });
      await put('a.txt', 'one', { Metadata: { a: 'old' } });
      replicator.start();
      await replicator.drain();
      store.faults.add({ operation: 'PutObject' }, { kind: 'cut', point: 'before' });
      await put('a.txt', 'one', { Metadata: { a: 'new' }, Tagging: 'a=1' });
      await drained();
      t.deepEqual(history(store, 'a.txt')[0], history(source, 'a.txt')[0]);
    });
  }
}

test('big objects with tags do not hold a connection while they ask for more', async (t) => {
  const { source, target, put, replicator, failures } = await world(t);
  await put('a.bin', Buffer.alloc(2 * 1024 * 1024, 'x'), { Tagging: 'a=1' });
  await put('b.bin', Buffer.alloc(1024, 'x'), { Tagging: 'a=1' });
  replicator.start();
  await replicator.drain();
  t.deepEqual(await failures(), []);
  for (const key of ['a.bin', 'b.bin']) {
    t.deepEqual(history(target, key), history(source, key));
  }
  t.is(count(source, 'GetObject'), 3);
});
