// What goes wrong at the target or the source: nothing is sent twice, nothing wrong is COMPLETED, every failure has
// its reason, and one bad key holds nobody else.

import { randomUUID } from 'node:crypto';
import test from 'ava';
import { bucket, count, history, manners, world } from './arrangement.ts';

for (const target of manners) {
  for (const point of ['before', 'after'] as const) {
    test(`${target}: a PUT that is cut ${point} it took effect makes exactly one copy`, async (t) => {
      const {
        source,
        target: store,
        put,
        replicator,
        drained,
        failedCodes,
      } = await world(t, {
        target,
        options: { dialect: target },
      });
      const fault = store.faults.add(
        { operation: 'PutObject', key: 'a.txt' },
        { kind: 'cut', point },
      );
      await put('a.txt', 'one');
      await put('a.txt', 'one');
      await put('b.txt', 'other');
      replicator.start();
      await drained();
      t.is(fault.used, 1);
      t.deepEqual(failedCodes, ['target-cut']);
      t.deepEqual(history(store, 'a.txt'), history(source, 'a.txt'));
      t.deepEqual(history(store, 'b.txt'), history(source, 'b.txt'));
    });
  }

  test(`${target}: a swallowed answer makes exactly one copy`, async (t) => {
    const {
      source,
      target: store,
      put,
      replicator,
      drained,
    } = await world(t, {
      target,
      options: { dialect: target },
      replicator: { deadlines: { headTimeoutMs: 700 } },
    });
    store.faults.add({ operation: 'PutObject' }, { kind: 'swallow' });
    await put('a.txt', 'one');
    replicator.start();
    await drained();
    t.deepEqual(history(store, 'a.txt'), history(source, 'a.txt'));
  });

  test(`${target}: the copy that a lost answer left is deleted with its version`, async (t) => {
    const setup = await world(t, { target, options: { dialect: target } });
    const { target: store, put, remove, replicator, drained, failures } = setup;
    const cut = store.faults.add({ operation: 'PutObject' }, { kind: 'cut', point: 'after' });
    const held = store.faults.hold({ operation: 'PutObject' }, 'after');
    const { versionId } = await put('a.txt', 'one');
    replicator.start();
    await held.reached;
    await remove('a.txt', versionId);
    held.release();
    await drained();
    t.is(cut.used, 1);
    t.deepEqual(await failures(), []);
    t.deepEqual(store.keys(bucket), []);
  });

  test(`${target}: a marker whose answer is lost is made once`, async (t) => {
    const { source, target: store, put, remove, replicator, drained } = await world(t, { target });
    await put('a.txt', 'one');
    replicator.start();
    await replicator.drain();
    store.faults.add({ operation: 'DeleteObject' }, { kind: 'cut', point: 'after' });
    await remove('a.txt');
    await drained();
    t.deepEqual(history(store, 'a.txt'), history(source, 'a.txt'));
  });

  test(`${target}: a delete without versions whose answer is lost is harmless`, async (t) => {
    const {
      target: store,
      put,
      remove,
      replicator,
      drained,
    } = await world(t, {
      target,
      versioning: 'off',
      targetVersioning: 'enabled',
    });
    await put('a.txt', 'one');
    replicator.start();
    await replicator.drain();
    store.faults.add({ operation: 'DeleteObject' }, { kind: 'cut', point: 'after' });
    await remove('a.txt');
    await drained();
    t.deepEqual(
      store.versions(bucket, 'a.txt').map(({ marker }) => marker),
      [true, false],
    );
  });

  test(`${target}: an ETag that is not what was sent is FAILED, and never COMPLETED`, async (t) => {
    const setup = await world(t, {
      target,
      options: { dialect: target },
      replicator: { retry: { minMs: 60_000, maxMs: 60_000 } },
    });
    const { source, target: store, put, replicator, status, failures } = setup;
    const fault = store.faults.add(
      { operation: 'PutObject' },
      { kind: 'wrong-etag', etag: '0123456789abcdef0123456789abcdef' },
      Number.POSITIVE_INFINITY,
    );
    const change = await put('a.txt', 'one');
    replicator.start();
    await replicator.drain();
    t.is((await status(change))?.state, 'FAILED');
    t.is((await failures())[0]?.failure?.code, 'etag-mismatch');
    fault.remove();
    await replicator.retry('site-b');
    await replicator.drain();
    t.is((await status(change))?.state, 'COMPLETED');
    t.deepEqual(history(store, 'a.txt'), history(source, 'a.txt'));
  });

  for (const framing of ['length', 'close'] as const) {
    for (const size of [1000, 9 * 1024 * 1024]) {
      test(`${target}: ${size} bytes that the source truncates (${framing}) never complete`, async (t) => {
        const {
          source,
          target: store,
          put,
          replicator,
          drained,
          failedCodes,
        } = await world(t, {
          target,
        });
        const change = await put('a.bin', Buffer.alloc(size, 'abc'));
        // Without a length the object is asked for once more, when its length is known.
        source.faults.add(
          { operation: 'GetObject' },
          { kind: 'truncate', bytes: 500, framing },
          framing === 'close' ? 2 : 1,
        );
        replicator.start();
        await drained();
        t.is(failedCodes.length, 1);
        t.regex(failedCodes[0] ?? '', /^source-(cut|truncated)$/);
        t.deepEqual(
          store.versions(bucket, 'a.bin').map(({ etag }) => etag),
          [change.etag],
        );
        t.is(replicator.runtime()[0]?.state, 'up');
      });
    }
  }

  test(`${target}: one key that fails for good holds nobody else`, async (t) => {
    const {
      source,
      target: store,
      put,
      replicator,
      failures,
    } = await world(t, {
      target,
      replicator: { retry: { minMs: 60_000, maxMs: 60_000 } },
    });
    store.faults.add(
      { operation: 'PutObject', key: 'bad' },
      { kind: 'error', status: 500, code: 'InternalError' },
      Number.POSITIVE_INFINITY,
    );
    await put('bad', '1');
    await put('bad', '2');
    for (let index = 0; index < 20; index += 1) {
      // oxlint-disable-next-line no-await-in-loop -- a few objects
      await put(`good-${index}`, 'x');
    }
    replicator.start();
    await replicator.drain();
    t.is((await failures()).length, 1);
    t.is(store.keys(bucket).length, 20);
    store.faults.clear();
    await replicator.retry('site-b', { bucket, key: 'bad' });
    await replicator.drain();
    t.deepEqual(history(store, 'bad'), history(source, 'bad'));
  });

  test(`${target}: a refusal is parked with its reason, and freed by retry`, async (t) => {
    const {
      target: store,
      put,
      replicator,
      status,
      failures,
      journal,
    } = await world(t, { target });
    store.faults.add(
      { operation: 'PutObject' },
      { kind: 'error', status: 403, code: 'AccessDenied', message: 'no ReplicateObject' },
      Number.POSITIVE_INFINITY,
    );
    const change = await put('a.txt', 'one');
    replicator.start();
    await replicator.drain();
    const [parked] = await failures();
    t.is(parked?.state, 'parked');
    t.regex(parked?.failure?.reason ?? '', /AccessDenied: no ReplicateObject/);
    t.true((parked?.dueAt ?? 0) > Date.now() + 9 * 60_000);
    t.is(journal.counts('site-b').parked, 1);
    t.is((await status(change))?.state, 'FAILED');
    t.is(replicator.runtime()[0]?.state, 'up');
    t.regex(replicator.runtime()[0]?.lastError ?? '', /AccessDenied/);
    store.faults.clear();
    t.is(await replicator.retry('site-b'), 1);
    await replicator.drain();
    t.is((await status(change))?.state, 'COMPLETED');
  });

  test(`${target}: a bucket that is missing is parked, and goes on when it is there`, async (t) => {
    const {
      target: store,
      put,
      replicator,
      failures,
    } = await world(t, {
      target,
      options: { bucket: 'later' },
    });
    await put('a.txt', 'one');
    replicator.start();
    await replicator.drain();
    t.is((await failures())[0]?.failure?.code, 'NoSuchBucket');
    store.createBucket('later', { versioning: 'enabled' });
    await replicator.retry(undefined);
    await replicator.drain();
    t.deepEqual(store.keys('later'), ['a.txt']);
  });

  test(`${target}: a target without object lock fails with that reason, without half a copy`, async (t) => {
    const { source, target: store, put, replicator, failures } = await world(t, { target });
    source.createBucket(bucket, { lock: true });
    await put('a.txt', 'one', {
      ObjectLockMode: 'GOVERNANCE',
      ObjectLockRetainUntilDate: new Date(Date.now() + 86_400_000),
      ChecksumAlgorithm: 'CRC32',
    });
    replicator.start();
    await replicator.drain();
    const [failure] = await failures();
    t.is(failure?.state, 'parked');
    t.regex(failure?.failure?.reason ?? '', /lock/i);
    t.deepEqual(store.keys(bucket), []);
  });
}

test('what the source has not got any more is done without being sent', async (t) => {
  const { source, target, put, sdk, replicator, failures, done } = await world(t);
  const { DeleteObjectCommand } = await import('@aws-sdk/client-s3');
  const { versionId } = await put('a.txt', 'one');
  await sdk.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'a.txt', VersionId: versionId }));
  replicator.start();
  await replicator.drain();
  t.deepEqual(await failures(), []);
  t.deepEqual(done, ['gone']);
  t.is(count(target, 'PutObject'), 0);
  t.deepEqual(source.keys(bucket), []);
});

test('a wiped source pauses the target instead of looking like success', async (t) => {
  const { journal, queue, replicator, restart } = await world(t);
  for (let index = 0; index < 120; index += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one change after the other
    await queue({ kind: 'object', key: `key-${index}`, versionId: randomUUID() });
  }
  replicator.start();
  await replicator.drain();
  const [runtime] = replicator.runtime();
  t.is(runtime?.state, 'paused');
  t.regex(runtime?.lastError ?? '', /wiped/);
  t.true(journal.counts('site-b').pending >= 10);
  const again = await restart();
  again.start();
  await again.drain();
  t.is(again.runtime()[0]?.state, 'paused');
});

test('a missing bucket or a refusal at the source is no proof of absence', async (t) => {
  for (const [status, code] of [
    [404, 'NoSuchBucket'],
    [403, 'AccessDenied'],
  ] as const) {
    // oxlint-disable-next-line no-await-in-loop -- one world after the other
    const { source, put, replicator, failures } = await world(t);
    source.faults.add({ operation: 'GetObject' }, { kind: 'error', status, code }, 10);
    // oxlint-disable-next-line no-await-in-loop -- one world after the other
    await put('a.txt', 'one');
    replicator.start();
    // oxlint-disable-next-line no-await-in-loop -- one world after the other
    await replicator.drain();
    // oxlint-disable-next-line no-await-in-loop -- one world after the other
    const [failure] = await failures();
    t.is(failure?.state, 'parked');
    t.is(failure?.failure?.code, `source-${code}`);
  }
});

test('a task that no rule wants any more is held, and goes on when one does', async (t) => {
  let isWanted = false;
  const { target, put, replicator, failures } = await world(t, {
    replicator: { wants: () => (isWanted ? { targetBucket: undefined } : undefined) },
  });
  await put('a.txt', 'one');
  replicator.start();
  await replicator.drain();
  t.is((await failures())[0]?.failure?.code, 'no-rule');
  t.is((await failures())[0]?.state, 'parked');
  isWanted = true;
  await replicator.retry('site-b');
  await replicator.drain();
  t.deepEqual(target.keys(bucket), ['a.txt']);
});

test('a fault of our own counts as a crash, and five of them end in quarantine', async (t) => {
  const { put, replicator, failures, journal } = await world(t, {
    replicator: {
      retry: { minMs: 0, maxMs: 0 },
      wants: () => {
        throw new TypeError('a bug');
      },
    },
  });
  await put('a.txt', 'one');
  replicator.start();
  await replicator.drain();
  for (let round = 0; round < 6; round += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one crash after the other
    await journal.wake('site-b', 'unparked');
    // oxlint-disable-next-line no-await-in-loop -- one crash after the other
    await replicator.drain();
  }
  t.is((await failures())[0]?.state, 'quarantined');
  t.is((await failures())[0]?.attempts, 5);
});
