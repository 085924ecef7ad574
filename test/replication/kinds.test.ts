// Markers, version deletes, deletes and metadata, on targets of both manners.

import {
  DeleteObjectTaggingCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3';
import test from 'ava';
import { bucket, count, history, manners, world } from './arrangement.ts';

for (const target of manners) {
  test(`${target}: versions, markers and version deletes make the same history`, async (t) => {
    const { source, target: store, put, remove, replicator, failures } = await world(t, { target });
    const first = await put('a.txt', 'one');
    await put('a.txt', 'two');
    await remove('a.txt');
    await put('a.txt', 'three');
    await remove('a.txt', first.versionId);
    replicator.start();
    await replicator.drain();
    t.deepEqual(await failures(), []);
    t.deepEqual(history(store, 'a.txt'), history(source, 'a.txt'));
    t.is(history(store, 'a.txt').length, 3);
  });

  test(`${target}: the delete of a marker brings the object back`, async (t) => {
    const { source, target: store, put, remove, replicator } = await world(t, { target });
    await put('a.txt', 'one');
    const marker = await remove('a.txt');
    replicator.start();
    await replicator.drain();
    t.is(store.current(bucket, 'a.txt'), undefined);
    await remove('a.txt', marker.versionId);
    await replicator.drain();
    t.is(store.current(bucket, 'a.txt')?.body.toString(), 'one');
    t.deepEqual(history(store, 'a.txt'), history(source, 'a.txt'));
  });

  test(`${target}: a version delete that was made already is done`, async (t) => {
    const { target: store, put, queue, replicator, failures } = await world(t, { target });
    const { versionId } = await put('a.txt', 'one');
    replicator.start();
    await replicator.drain();
    for (let times = 0; times < 2; times += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other is what is tested
      await queue({ kind: 'version-delete', key: 'a.txt', versionId });
      // oxlint-disable-next-line no-await-in-loop -- one after the other is what is tested
      await replicator.drain();
    }
    t.deepEqual(await failures(), []);
    t.deepEqual(history(store, 'a.txt'), []);
  });

  test(`${target}: a version delete of what was never sent touches nothing`, async (t) => {
    const { target: store, put, queue, replicator, failures } = await world(t, { target });
    await put('a.txt', 'one');
    replicator.start();
    await replicator.drain();
    await queue({ kind: 'version-delete', key: 'a.txt', versionId: 'never-there' });
    await replicator.drain();
    t.deepEqual(await failures(), []);
    t.is(history(store, 'a.txt').length, 1);
  });

  test(`${target}: tags follow, on an old version too, without a new version`, async (t) => {
    const { source, target: store, sdk, put, queue, replicator } = await world(t, { target });
    const { versionId } = await put('a.txt', 'one', { Tagging: 'a=1' });
    await put('a.txt', 'two');
    replicator.start();
    await replicator.drain();
    t.deepEqual(history(store, 'a.txt'), history(source, 'a.txt'));
    const object = { Bucket: bucket, Key: 'a.txt', VersionId: versionId };
    const tagging = { TagSet: [{ Key: 'ä b', Value: 'c&d+e' }] };
    await sdk.send(new PutObjectTaggingCommand({ ...object, Tagging: tagging }));
    await queue({ kind: 'metadata', key: 'a.txt', versionId });
    await replicator.drain();
    t.deepEqual(history(store, 'a.txt'), history(source, 'a.txt'));
    t.deepEqual(store.versions(bucket, 'a.txt')[1]?.tags, { 'ä b': 'c&d+e' });
    await sdk.send(new DeleteObjectTaggingCommand(object));
    await queue({ kind: 'metadata', key: 'a.txt', versionId });
    await replicator.drain();
    t.deepEqual(store.versions(bucket, 'a.txt')[1]?.tags, {});
    t.is(history(store, 'a.txt').length, 2);
  });

  test(`${target}: retention and legal hold follow`, async (t) => {
    const {
      source,
      target: store,
      sdk,
      put,
      queue,
      replicator,
      failures,
    } = await world(t, {
      target,
      lock: true,
    });
    const until = new Date(Date.now() + 86_400_000);
    const { versionId } = await put('a.txt', 'one', {
      ObjectLockMode: 'GOVERNANCE',
      ObjectLockRetainUntilDate: until,
      ChecksumAlgorithm: 'CRC32',
    });
    replicator.start();
    await replicator.drain();
    t.deepEqual(await failures(), []);
    t.deepEqual(history(store, 'a.txt'), history(source, 'a.txt'));
    const object = { Bucket: bucket, Key: 'a.txt', VersionId: versionId };
    await sdk.send(
      new PutObjectRetentionCommand({
        ...object,
        Retention: { Mode: 'COMPLIANCE', RetainUntilDate: new Date(until.getTime() + 1e6) },
        BypassGovernanceRetention: true,
      }),
    );
    await sdk.send(new PutObjectLegalHoldCommand({ ...object, LegalHold: { Status: 'ON' } }));
    await queue({ kind: 'metadata', key: 'a.txt', versionId });
    await replicator.drain();
    t.deepEqual(await failures(), []);
    t.true(store.versions(bucket, 'a.txt')[0]?.legalHold);
    t.deepEqual(history(store, 'a.txt'), history(source, 'a.txt'));
  });

  test(`${target}: tags of a version that the target lacks bring the whole object`, async (t) => {
    const {
      source,
      target: store,
      put,
      queue,
      journal,
      replicator,
      failures,
    } = await world(t, {
      target,
    });
    const change = await put('a.txt', 'one', { Tagging: 'a=1' });
    await journal.discard('site-b');
    await queue({ kind: 'metadata', key: 'a.txt', versionId: change.versionId });
    replicator.start();
    await replicator.drain();
    t.deepEqual(await failures(), []);
    t.deepEqual(history(store, 'a.txt'), history(source, 'a.txt'));
  });

  test(`${target}: without versioning the latest state is kept, and a delete removes it`, async (t) => {
    const {
      source,
      target: store,
      put,
      remove,
      replicator,
    } = await world(t, {
      source: 's3',
      target,
      versioning: 'off',
    });
    await put('a.txt', 'one');
    await put('a.txt', 'two');
    await put('b.txt', 'stays');
    replicator.start();
    await replicator.drain();
    t.deepEqual(history(store, 'a.txt'), history(source, 'a.txt'));
    await remove('a.txt');
    await replicator.drain();
    t.deepEqual(store.keys(bucket), ['b.txt']);
  });

  test(`${target}: a delete is skipped where the key exists again`, async (t) => {
    const {
      target: store,
      put,
      remove,
      queue,
      replicator,
    } = await world(t, {
      target,
      versioning: 'off',
    });
    await put('a.txt', 'one');
    replicator.start();
    await replicator.drain();
    await queue({ kind: 'delete', key: 'a.txt' });
    await replicator.drain();
    t.is(count(store, 'DeleteObject'), 0);
    t.is(store.current(bucket, 'a.txt')?.body.toString(), 'one');
    await remove('a.txt');
    await replicator.drain();
    t.is(count(store, 'DeleteObject'), 1);
  });
}

test('s3: an old version that the target lacks is reported, not put above newer ones', async (t) => {
  const { target, put, queue, journal, replicator, failures } = await world(t, { target: 's3' });
  const { versionId } = await put('a.txt', 'one', { Tagging: 'a=1' });
  await journal.discard('site-b');
  await put('a.txt', 'two');
  replicator.start();
  await replicator.drain();
  await queue({ kind: 'metadata', key: 'a.txt', versionId });
  await replicator.drain();
  const [failure] = await failures();
  t.is(failure?.failure?.code, 'order');
  t.is(failure?.state, 'parked');
  t.is(history(target, 'a.txt').length, 1);
});

test('minio: a marker is looked for before it is made, and keeps its id and time', async (t) => {
  const { source, target, put, remove, replicator } = await world(t, {
    options: { dialect: 'minio' },
  });
  await put('a.txt', 'one');
  const marker = await remove('a.txt');
  replicator.start();
  await replicator.drain();
  const [copy] = target.versions(bucket, 'a.txt');
  t.is(copy?.versionId, marker.versionId);
  t.is(copy?.lastModified, source.versions(bucket, 'a.txt')[0]?.lastModified);
  t.is(count(target, 'HeadObject'), 1);
  t.is(count(target, 'DeleteObject'), 1);
});

test('a marker that the first contact is made with finds the dialect out', async (t) => {
  for (const target of manners) {
    // oxlint-disable-next-line no-await-in-loop -- one world after the other
    const { target: store, put, remove, journal, replicator } = await world(t, { target });
    // oxlint-disable-next-line no-await-in-loop -- one world after the other
    await put('a.txt', 'one');
    // oxlint-disable-next-line no-await-in-loop -- one world after the other
    await journal.discard('site-b');
    // oxlint-disable-next-line no-await-in-loop -- one world after the other
    await remove('a.txt');
    replicator.start();
    // oxlint-disable-next-line no-await-in-loop -- one world after the other
    await replicator.drain();
    t.is(replicator.runtime()[0]?.dialect, target);
    t.deepEqual(
      store.versions(bucket, 'a.txt').map(({ marker }) => marker),
      [true],
    );
  }
});

test('a source that mints ids of its own gives a minio target derived ones', async (t) => {
  const { target, put, remove, replicator, status } = await world(t, { source: 's3' });
  const change = await put('a.txt', 'one');
  replicator.start();
  await replicator.drain();
  const [copy] = target.versions(bucket, 'a.txt');
  t.regex(copy?.versionId ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-5/);
  t.is((await status(change))?.targetVersionId, copy?.versionId);
  await remove('a.txt', change.versionId);
  await replicator.drain();
  t.deepEqual(history(target, 'a.txt'), []);
});

test('versions within one second keep their order on a target that orders by time', async (t) => {
  const { source, target, put, replicator } = await world(t);
  for (const body of ['1', '2', '3', '4', '5', '6']) {
    // oxlint-disable-next-line no-await-in-loop -- the order is what is tested
    await put('a.txt', body);
  }
  replicator.start();
  await replicator.drain();
  t.deepEqual(history(target, 'a.txt'), history(source, 'a.txt'));
  const ids = (store: typeof source): string[] =>
    store.versions(bucket, 'a.txt').map(({ versionId }) => versionId);
  t.deepEqual(ids(target), ids(source));
});

test('a versioned source and a target without versions: what is current is there', async (t) => {
  const { target, put, remove, replicator, failures } = await world(t, {
    targetVersioning: 'off',
  });
  const first = await put('a.txt', 'one');
  await put('a.txt', 'two');
  replicator.start();
  await replicator.drain();
  await remove('a.txt', first.versionId);
  await replicator.drain();
  t.deepEqual(await failures(), []);
  t.is(target.current(bucket, 'a.txt')?.body.toString(), 'two');
  await remove('a.txt');
  await replicator.drain();
  t.is(target.current(bucket, 'a.txt'), undefined);
});
