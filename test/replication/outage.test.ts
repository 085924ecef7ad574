// A target that is down costs one probe at a time, and is at full speed soon after it is back.

import test from 'ava';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { World } from './arrangement.ts';
import { bucket, count, credentials, history, manners, world } from './arrangement.ts';

async function putMany({ put }: World, amount: number, from = 0): Promise<void> {
  for (let index = from; index < from + amount; index += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other keeps the source's order
    await put(`key-${index}`, `body ${index}`);
  }
}

/** The store's own port again, as after its restart: empty. */
async function revive(store: MemoryStore, manner: 'minio' | 's3'): Promise<MemoryStore> {
  const revived = new MemoryStore({ manner, credentials });
  revived.createBucket(bucket, { versioning: 'enabled' });
  await revived.start(Number(new URL(store.url).port));
  return revived;
}

for (const target of manners) {
  test(`${target}: down from the start: one failure is visible, the rest waits unburnt`, async (t) => {
    const setup = await world(t, { target });
    const { source, target: store, journal, replicator, failures } = setup;
    await putMany(setup, 30);
    await store.close();
    replicator.start();
    await replicator.drain();
    t.is(replicator.runtime()[0]?.state, 'down');
    t.is(journal.counts('site-b').pending, 30);
    const failed = await failures();
    t.true(failed.length >= 1 && failed.length <= 8, `${failed.length} failed`);
    t.is(failed[0]?.failure?.code, 'target-unreachable');
    const revived = await revive(store, target);
    t.teardown(() => revived.close());
    const backAt = Date.now();
    await setup.drained();
    t.true(Date.now() - backAt < 5000);
    t.is(replicator.runtime()[0]?.state, 'up');
    t.deepEqual(revived.keys(bucket), source.keys(bucket));
    t.is(count(revived, 'PutObject') <= 30 + 8, true);
  });

  test(`${target}: dying in the middle loses nothing`, async (t) => {
    const setup = await world(t, { target });
    const { source, target: store, replicator } = setup;
    await putMany(setup, 20);
    const held = store.faults.hold({ operation: 'PutObject', skip: 10 }, 'before', 100);
    replicator.start();
    await held.reached;
    const before = new Map(store.keys(bucket).map((key) => [key, history(store, key)]));
    await store.close();
    const revived = await revive(store, target);
    t.teardown(() => revived.close());
    await setup.drained();
    for (const key of source.keys(bucket)) {
      const copies = revived.versions(bucket, key).length;
      t.is(copies + (before.get(key)?.length ?? 0), 1, key);
    }
  });
}

test('a target that is down is asked once per interval, whatever waits', async (t) => {
  const setup = await world(t, { replicator: { probeIntervalMs: 100 } });
  const { target, replicator } = setup;
  await setup.put('first', 'x');
  replicator.start();
  await replicator.drain();
  target.faults.add(
    {},
    { kind: 'error', status: 503, code: 'ServiceUnavailable' },
    Number.POSITIVE_INFINITY,
  );
  await putMany(setup, 40);
  await replicator.drain();
  t.is(replicator.runtime()[0]?.state, 'down');
  target.forgetRequests();
  const probe = target.faults.add({ operation: 'HeadBucket', skip: 4 }, { kind: 'delay', ms: 0 });
  const from = Date.now();
  await probe.reached;
  t.true(Date.now() - from >= 400 - 10);
  t.is(count(target, 'PutObject'), 0);
  target.faults.clear();
  await setup.drained();
  t.is(target.keys(bucket).length, 41);
});

test('one key whose connection is cut each time never closes the way for others', async (t) => {
  const setup = await world(t, { replicator: { retry: { minMs: 1, maxMs: 5 } } });
  const { target, replicator } = setup;
  target.faults.add({ key: 'bad' }, { kind: 'cut', point: 'before' }, 20);
  await setup.put('bad', 'x');
  await putMany(setup, 50);
  replicator.start();
  await setup.drained();
  t.is(target.keys(bucket).length, 51);
});

test('Retry-After is honoured for the whole target', async (t) => {
  const setup = await world(t);
  const { target, replicator, failedCodes } = setup;
  const fault = target.faults.add(
    { operation: 'PutObject' },
    { kind: 'error', status: 503, code: 'SlowDown', headers: [['Retry-After', '1']] },
  );
  await setup.put('a.txt', 'x');
  replicator.start();
  await fault.reached;
  const from = Date.now();
  await setup.put('b.txt', 'x');
  await setup.drained();
  t.deepEqual(failedCodes, ['SlowDown']);
  t.true(Date.now() - from >= 900);
  t.is(replicator.runtime()[0]?.state, 'up');
});

test('a source that is down is not blamed on the target', async (t) => {
  const setup = await world(t);
  const { source, target, replicator, failures, journal } = setup;
  await putMany(setup, 20);
  source.faults.add(
    {},
    { kind: 'error', status: 503, code: 'ServiceUnavailable' },
    Number.POSITIVE_INFINITY,
  );
  replicator.start();
  await replicator.drain();
  t.is(replicator.runtime()[0]?.state, 'up');
  t.is(journal.counts('site-b').pending, 20);
  t.is((await failures())[0]?.failure?.code, 'source-ServiceUnavailable');
  t.is(count(target, 'PutObject'), 0);
  source.faults.clear();
  await setup.drained();
  t.is(target.keys(bucket).length, 20);
});

test('a paused target sends nothing, also after a restart, until it is resumed', async (t) => {
  const setup = await world(t);
  const { target, restart } = setup;
  await setup.put('a.txt', 'x');
  await setup.replicator.pause('site-b');
  setup.replicator.start();
  await setup.replicator.drain();
  t.is(setup.replicator.runtime()[0]?.state, 'paused');
  const again = await restart();
  again.start();
  await again.drain();
  t.is(again.runtime()[0]?.state, 'paused');
  t.deepEqual(target.keys(bucket), []);
  await again.resume('site-b');
  await again.drain();
  t.deepEqual(target.keys(bucket), ['a.txt']);
});

test('a target nobody configured is an error to steer', async (t) => {
  const { replicator } = await world(t);
  await t.throwsAsync(replicator.pause('nowhere'), { message: /no target nowhere/ });
  await t.throwsAsync(replicator.retry('nowhere'), { message: /no target nowhere/ });
});

test('closing gives back what is in flight, and the next start sends it once', async (t) => {
  for (const manner of manners) {
    // oxlint-disable-next-line no-await-in-loop -- one world after the other
    const setup = await world(t, { target: manner, options: { dialect: manner } });
    const { source, target, journal, restart } = setup;
    // oxlint-disable-next-line no-await-in-loop -- one world after the other
    await setup.put('a.txt', 'x');
    const held = target.faults.hold({ operation: 'PutObject' }, 'after');
    setup.replicator.start();
    // oxlint-disable-next-line no-await-in-loop -- one world after the other
    await held.reached;
    // oxlint-disable-next-line no-await-in-loop -- one world after the other
    await Promise.all([setup.replicator.close(), setup.replicator.close()]);
    held.release();
    t.is(journal.counts('site-b').pending, 1);
    // oxlint-disable-next-line no-await-in-loop -- one world after the other
    const again = await restart();
    again.start();
    // oxlint-disable-next-line no-await-in-loop -- one world after the other
    await setup.drained();
    t.deepEqual(history(target, 'a.txt'), history(source, 'a.txt'));
  }
});

test('a task that was given back untried counts no attempt', async (t) => {
  const setup = await world(t);
  const { source, journal, restart } = setup;
  await setup.put('a.txt', 'x');
  const held = source.faults.hold({ operation: 'GetObject' }, 'before');
  setup.replicator.start();
  await held.reached;
  await setup.replicator.close();
  t.deepEqual(await setup.failures(), []);
  held.release();
  const tasks = await journal.claim({ target: 'site-b', class: 'live', max: 1, durable: false });
  t.is(tasks[0]?.attempts, 1);
  t.is(tasks[0]?.crashes, 1);
  for (const task of tasks) {
    // oxlint-disable-next-line no-await-in-loop -- one task
    await journal.release(task);
  }
  const again = await restart();
  again.start();
  await again.drain();
});

test('a single place is never kept for a background that is not there', async (t) => {
  const setup = await world(t, { options: { concurrency: 1 } });
  const { target, replicator } = setup;
  replicator.start();
  for (let index = 0; index < 9; index += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other is what is tested
    await setup.put(`key-${index}`, 'x');
    // oxlint-disable-next-line no-await-in-loop -- one after the other is what is tested
    await replicator.drain();
  }
  t.is(target.keys(bucket).length, 9);
});

test('background tasks get their share beside a flood of live ones', async (t) => {
  const setup = await world(t, { options: { concurrency: 4 } });
  const { target, journal, replicator } = setup;
  await putMany(setup, 60);
  const { versionId } = await setup.put('background', 'x');
  await journal.discard('site-b');
  await putMany(setup, 60, 100);
  const acceptedAt = Date.now();
  const change = { kind: 'object', bucket, key: 'background', versionId, acceptedAt } as const;
  await journal.enqueue([{ change, targets: ['site-b'], class: 'background' }]);
  replicator.start();
  await replicator.drain();
  const order = target.recent.filter(({ operation }) => operation === 'PutObject');
  const place = order.findIndex(({ key }) => key === 'background');
  t.true(place >= 0 && place < 20, `it was number ${place}`);
});
