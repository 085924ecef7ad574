// Writes that wait for sync targets: as long as it takes, at most their time, and never for a target that is down.

import test from 'ava';
import type { Task } from '../../src/journal/types.ts';
import { bucket, world } from './arrangement.ts';

const sync = { sync: true, syncTimeoutMs: 10_000 };

async function queued(
  setup: Awaited<ReturnType<typeof world>>,
  key: string,
  acceptedAt = Date.now(),
): Promise<Task> {
  const change = await setup.put(key, 'x');
  await setup.journal.discard('site-b');
  return setup.queue({ ...change, acceptedAt });
}

test('a wait ends when the target has it', async (t) => {
  const setup = await world(t, { options: sync });
  const { target, replicator, journal } = setup;
  const task = await queued(setup, 'a.txt');
  replicator.start();
  await replicator.waitFor([task]);
  t.deepEqual(target.keys(bucket), ['a.txt']);
  t.is((await journal.status(task.change))?.targets['site-b']?.state, 'COMPLETED');
  t.true(replicator.isSync('site-b'));
});

test('a wait for what is done already ends at once', async (t) => {
  const setup = await world(t, { options: sync });
  const { replicator } = setup;
  const task = await queued(setup, 'a.txt');
  replicator.start();
  await replicator.drain();
  await replicator.waitFor([task]);
  t.pass();
});

test('a wait ends with FAILED', async (t) => {
  const setup = await world(t, { options: sync });
  const { target, replicator, journal } = setup;
  target.faults.add(
    { operation: 'PutObject' },
    { kind: 'error', status: 403, code: 'AccessDenied' },
  );
  const task = await queued(setup, 'a.txt');
  replicator.start();
  await replicator.waitFor([task]);
  t.is((await journal.status(task.change))?.targets['site-b']?.state, 'FAILED');
});

test('a wait ends when its time, counted from the source’s answer, is over', async (t) => {
  const setup = await world(t, { options: { sync: true, syncTimeoutMs: 600 } });
  const { target, replicator, journal } = setup;
  const held = target.faults.hold({ operation: 'PutObject' }, 'before');
  const task = await queued(setup, 'a.txt', Date.now() - 300);
  replicator.start();
  const from = Date.now();
  await replicator.waitFor([task]);
  t.true(Date.now() - from < 5000);
  t.is((await journal.status(task.change))?.targets['site-b']?.state, 'PENDING');
  held.release();
});

test('a wait whose time is over already takes none', async (t) => {
  const setup = await world(t, { options: { sync: true, syncTimeoutMs: 600 } });
  const task = await queued(setup, 'a.txt', Date.now() - 1000);
  await setup.replicator.waitFor([task]);
  t.pass();
});

test('a target that is down or paused is not waited for', async (t) => {
  const setup = await world(t, { options: { sync: true, syncTimeoutMs: 60_000 } });
  const { target, replicator } = setup;
  const task = await queued(setup, 'a.txt');
  await target.close();
  replicator.start();
  await replicator.waitFor([task]);
  t.is(replicator.runtime()[0]?.state, 'down');
  await replicator.waitFor([await queued(setup, 'b.txt')]);
  await replicator.pause('site-b');
  await replicator.waitFor([await queued(setup, 'c.txt')]);
  t.pass();
});

test('waits that are open end when the target is paused, or the replicator closes', async (t) => {
  const setup = await world(t, { options: { sync: true, syncTimeoutMs: 60_000 } });
  const { target, replicator } = setup;
  target.faults.hold({ operation: 'PutObject' }, 'before', 10);
  const task = await queued(setup, 'a.txt');
  replicator.start();
  const first = replicator.waitFor([task]);
  await replicator.pause('site-b');
  await first;
  await replicator.resume('site-b');
  const second = replicator.waitFor([await queued(setup, 'b.txt')]);
  await replicator.close();
  await second;
  t.pass();
});

test('async targets are never waited for', async (t) => {
  const setup = await world(t);
  const task = await queued(setup, 'a.txt');
  t.false(setup.replicator.isSync('site-b'));
  await setup.replicator.waitFor([task]);
  t.pass();
});
