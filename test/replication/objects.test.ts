// Objects reach the target whole, with everything that they are.

import test from 'ava';
import { bucket, count, history, manners, world } from './arrangement.ts';

for (const target of manners) {
  test(`${target}: a fresh object costs one GET and one PUT`, async (t) => {
    const {
      source,
      target: store,
      put,
      replicator,
      status,
    } = await world(t, {
      target,
      options: { dialect: target },
    });
    const change = await put('a.txt', 'hello');
    source.forgetRequests();
    replicator.start();
    await replicator.drain();
    t.is((await status(change))?.state, 'COMPLETED');
    t.deepEqual(history(store, 'a.txt'), history(source, 'a.txt'));
    t.deepEqual(Object.fromEntries(source.requests), { GetObject: 1 });
    t.deepEqual(Object.fromEntries(store.requests), { PutObject: 1 });
  });
}

test('minio: id, time and ETag are the source’s', async (t) => {
  const { source, target, put, replicator } = await world(t);
  await put('a.txt', 'hello');
  replicator.start();
  await replicator.drain();
  const [origin] = source.versions(bucket, 'a.txt');
  const [copy] = target.versions(bucket, 'a.txt');
  t.is(copy?.versionId, origin?.versionId);
  t.is(copy?.lastModified, Math.floor((origin?.lastModified ?? 0) / 1000) * 1000);
  t.is(copy?.replicationStatus, 'REPLICA');
});

test('s3: the id that the target minted is mapped', async (t) => {
  const { target, put, replicator, status } = await world(t, { target: 's3' });
  const change = await put('a.txt', 'hello');
  replicator.start();
  await replicator.drain();
  const [copy] = target.versions(bucket, 'a.txt');
  t.is((await status(change))?.targetVersionId, copy?.versionId);
  t.is(replicator.runtime()[0]?.dialect, 's3');
  t.is(count(target, 'PutObject'), 2);
});
