/* oxlint-disable no-await-in-loop -- one step after the other is what is tested */

import assert from 'node:assert/strict';
import test from 'ava';
import {
  claimAll,
  draft,
  failedUntil,
  failure,
  intent,
  open,
  openFresh,
  temporaryFolder,
} from './arrangement.ts';

test('an intent ends as tasks and PENDING statuses, in one step', async (t) => {
  const journal = await openFresh(t);
  const opened = await journal.openIntent(intent('a', { partSizes: [5, 5, 3], uploadId: 'u' }));
  t.is(journal.intentsOpen(), 1);
  t.deepEqual(await journal.openIntents(), [opened]);
  const tasks = await journal.settle(opened.id, [draft('a', {}, ['site-b', 'site-c'])]);
  t.deepEqual(
    tasks.map(({ target }) => target),
    ['site-b', 'site-c'],
  );
  t.is(journal.intentsOpen(), 0);
  const status = await journal.status({ bucket: 'photos', key: 'a', versionId: 'version of a' });
  t.is(status?.targets['site-b']?.state, 'PENDING');
  t.is(status?.targets['site-c']?.state, 'PENDING');
});

test('an intent is settled once: whoever comes second is told', async (t) => {
  const journal = await openFresh(t);
  const { id } = await journal.openIntent(intent('a'));
  await journal.settle(id, [draft('a')]);
  await t.throwsAsync(journal.settle(id, [draft('a')]), { code: 'unknown-intent' });
  t.is(journal.counts('site-b').pending, 1);
});

test('a dropped intent leaves nothing', async (t) => {
  const journal = await openFresh(t);
  const { id } = await journal.openIntent(intent('a'));
  await journal.drop(id);
  await journal.drop(id);
  t.deepEqual(await journal.openIntents(), []);
  t.is(journal.intentsOpen(), 0);
});

test('an intent remembers how often and when it is to be asked again', async (t) => {
  const journal = await openFresh(t);
  const { id } = await journal.openIntent(intent('a'));
  await journal.askAgain(id, 60_000);
  const [asked] = await journal.openIntents();
  t.is(asked?.asked, 1);
  t.is(asked?.askAt, 60_000);
});

test('open intents are read a page at a time', async (t) => {
  const journal = await openFresh(t);
  const opened = await Promise.all(['a', 'b', 'c'].map((key) => journal.openIntent(intent(key))));
  const page = await journal.openIntents(0, 2);
  t.deepEqual(page, opened.slice(0, 2));
  t.deepEqual(await journal.openIntents(page.at(-1)?.id, 2), opened.slice(2));
});

test('a target that was never configured is refused, and the intent stays open', async (t) => {
  const journal = await openFresh(t);
  const { id } = await journal.openIntent(intent('a'));
  await t.throwsAsync(journal.settle(id, [draft('a', {}, ['site-x'])]), { code: 'unknown-target' });
  t.is(journal.intentsOpen(), 1);
});

test('tasks of one key come one after the other, those of other keys at once', async (t) => {
  const journal = await openFresh(t);
  const versions = ['1', '2', '3'];
  await journal.enqueue(versions.map((versionId) => draft('hot', { versionId })));
  await journal.enqueue([draft('cold')]);
  const first = await journal.claim(claimAll);
  t.deepEqual(
    first.map(({ change }) => change.key),
    ['hot', 'cold'],
  );
  t.deepEqual(await journal.claim(claimAll), []);
  for (const versionId of versions) {
    const [head] = versionId === '1' ? first : await journal.claim(claimAll);
    t.is(head?.change.versionId, versionId);
    if (head !== undefined) await journal.complete(head, {});
  }
  t.is(journal.counts('site-b').pending, 1);
});

test('ten thousand changes of one key do not keep another key waiting', async (t) => {
  const journal = await openFresh(t);
  const hot = Array.from({ length: 10_000 }, (_, version) =>
    draft('hot', { versionId: String(version) }),
  );
  await journal.enqueue(hot);
  await journal.enqueue([draft('other')]);
  const heads = await journal.claim({ ...claimAll, max: 2 });
  t.deepEqual(
    heads.map(({ change }) => change.key),
    ['hot', 'other'],
  );
});

test('live and background tasks are claimed apart, and share the order of a key', async (t) => {
  const journal = await openFresh(t);
  await journal.enqueue([
    { ...draft('a', { versionId: '1' }), class: 'background' },
    draft('a', { versionId: '2' }),
    draft('b'),
  ]);
  const live = await journal.claim(claimAll);
  t.deepEqual(
    live.map(({ change }) => change.key),
    ['b'],
  );
  const [background] = await journal.claim({ ...claimAll, class: 'background' });
  t.is(background?.change.versionId, '1');
  if (background !== undefined) await journal.complete(background, {});
  const [next] = await journal.claim(claimAll);
  t.is(next?.change.versionId, '2');
});

test('a failed task rests with its lane until it is due, and keeps its reason', async (t) => {
  const journal = await openFresh(t);
  await journal.enqueue([draft('a', { versionId: '1' }), draft('a', { versionId: '2' })]);
  const [task] = await journal.claim(claimAll);
  t.truthy(task);
  if (task === undefined) return;
  await journal.postpone(task, failedUntil(5_000));
  t.deepEqual(await journal.claim(claimAll), []);
  t.is(await journal.nextDue('site-b'), 5_000);
  const { pending, failed, parked } = journal.counts('site-b');
  t.deepEqual({ pending, failed, parked }, { pending: 2, failed: 1, parked: 0 });
  t.is(await journal.wake('site-b', { dueAt: 4_999 }), 0);
  t.is(await journal.wake('site-b', { dueAt: 5_000 }), 1);
  t.is(await journal.nextDue('site-b'), undefined);
  const [again] = await journal.claim(claimAll);
  t.is(again?.sequence, task.sequence);
  t.is(again?.attempts, 2);
  t.is(again?.state, 'failed');
  t.deepEqual(again?.failure, failure);
});

test('failures lists what failed, page by page, also while it is tried again', async (t) => {
  const journal = await openFresh(t);
  await journal.enqueue(['a', 'b', 'c', 'fine'].map((key) => draft(key)));
  const tasks = await journal.claim(claimAll);
  await Promise.all(tasks.slice(0, 3).map((task) => journal.postpone(task, failedUntil(7_000))));
  await journal.wake('site-b', { bucket: 'photos', key: 'b' });
  const first = await journal.failures('site-b', { limit: 2 });
  t.deepEqual(
    first.tasks.map(({ change, dueAt, failure: why }) => [change.key, dueAt, why?.code]),
    [
      ['a', 7_000, 'target-down'],
      ['b', 7_000, 'target-down'],
    ],
  );
  const second = await journal.failures('site-b', { limit: 2, after: first.next ?? '' });
  t.deepEqual(
    second.tasks.map(({ change }) => change.key),
    ['c'],
  );
  t.is(second.next, undefined);
});

test('waking all but the parked leaves alone what needs a person', async (t) => {
  const journal = await openFresh(t);
  await journal.enqueue(['failed', 'parked'].map((key) => draft(key)));
  const [first, second] = await journal.claim(claimAll);
  assert(first && second);
  await journal.postpone(first, failedUntil(9_000));
  await journal.postpone(second, { ...failedUntil(9_000), state: 'parked' });
  t.is(journal.counts('site-b').parked, 1);
  t.is(await journal.wake('site-b', 'unparked'), 1);
  t.is(await journal.wake('site-b', 'all'), 1);
});

test('a released task is ready again and its attempt is not counted', async (t) => {
  const journal = await openFresh(t);
  await journal.enqueue([draft('a')]);
  const [task] = await journal.claim(claimAll);
  assert(task);
  await journal.release(task);
  const [again] = await journal.claim(claimAll);
  t.is(again?.attempts, 1);
  t.is(again?.crashes, 1);
});

test('a task that crashed the worker five times is put into quarantine until a person wakes it', async (t) => {
  const dataDir = await temporaryFolder(t);
  let journal = await open(t, { dataDir });
  await journal.enqueue([draft('poison'), draft('fine')]);
  for (let crash = 1; crash <= 5; crash++) {
    const tasks = await journal.claim(claimAll);
    t.is(tasks.find(({ change }) => change.key === 'poison')?.crashes, crash);
    for (const task of tasks) if (task.change.key === 'fine') await journal.release(task);
    await journal.close();
    journal = await open(t, { dataDir });
  }
  t.deepEqual(
    (await journal.claim(claimAll)).map(({ change }) => change.key),
    ['fine'],
  );
  const { tasks } = await journal.failures('site-b', { limit: 10 });
  t.is(tasks[0]?.state, 'quarantined');
  t.is(tasks[0]?.failure?.code, 'crashes');
  t.is(await journal.wake('site-b', { dueAt: 4_000_000_000_000 }), 0);
  t.is(await journal.wake('site-b', { bucket: 'photos', key: 'poison' }), 1);
  const [freed] = await journal.claim(claimAll);
  t.is(freed?.crashes, 1);
  t.is(freed?.attempts, 6);
});

test('an upload id stays with its task, durable, until it is taken away', async (t) => {
  const dataDir = await temporaryFolder(t);
  const journal = await open(t, { dataDir });
  await journal.enqueue([draft('a')]);
  const [task] = await journal.claim(claimAll);
  assert(task);
  await journal.noteUpload(task, 'upload-1');
  await journal.close();
  const again = await open(t, { dataDir });
  const [claimed] = await again.claim(claimAll);
  t.is(claimed?.uploadId, 'upload-1');
  if (claimed === undefined) return;
  await again.noteUpload(claimed, undefined);
  await again.release(claimed);
  t.is((await again.claim(claimAll))[0]?.uploadId, undefined);
});

test('ending a task twice is harmless, ending one that is not in flight is refused', async (t) => {
  const journal = await openFresh(t);
  const [waiting] = await journal.enqueue([draft('a'), draft('b')]);
  assert(waiting);
  await t.throwsAsync(journal.complete(waiting, {}), { code: 'not-claimed' });
  const [task] = await journal.claim({ ...claimAll, max: 1 });
  assert(task);
  await Promise.all([journal.complete(task, {}), journal.complete(task, {})]);
  await journal.complete(task, {});
  t.is(journal.counts('site-b').pending, 1);
});

test('listeners hear of ready tasks of their target, until they unsubscribe', async (t) => {
  const journal = await openFresh(t);
  let heard = 0;
  const unsubscribe = journal.onReady('site-b', () => {
    heard++;
  });
  await journal.enqueue([draft('a'), draft('b')]);
  t.is(heard, 1);
  await journal.enqueue([draft('a', { versionId: '2' }), draft('c', {}, ['site-c'])]);
  t.is(heard, 1);
  unsubscribe();
  await journal.enqueue([draft('d')]);
  t.is(heard, 1);
});

test('discarding drops everything that waits for a target, whatever its state, and nothing else', async (t) => {
  const journal = await openFresh(t);
  const both = ['site-b', 'site-c'];
  const keys = Array.from({ length: 300 }, (_, index) => `key ${index % 100}`);
  await journal.enqueue(keys.map((key, index) => draft(key, { versionId: `${index}` }, both)));
  const tasks = await journal.claim({ ...claimAll, max: 30 });
  await Promise.all(tasks.slice(0, 20).map((task) => journal.postpone(task, failedUntil(9))));
  t.is(await journal.discard('site-b'), 300);
  t.deepEqual(journal.counts('site-b'), { pending: 0, failed: 0, parked: 0, oldestAt: undefined });
  t.is(journal.counts('site-c').pending, 300);
  t.deepEqual(await journal.claim(claimAll), []);
  t.is(await journal.nextDue('site-b'), undefined);
  const status = await journal.status({ bucket: 'photos', key: 'key 0', versionId: '0' });
  t.deepEqual(Object.keys(status?.targets ?? {}), ['site-c']);
  const [inFlight] = tasks.slice(-1);
  if (inFlight !== undefined) await journal.complete(inFlight, {});
  await journal.scrub();
  t.is(journal.health().state, 'ok');
});

test('sequences grow across restarts', async (t) => {
  const dataDir = await temporaryFolder(t);
  const journal = await open(t, { dataDir });
  const [before] = await journal.enqueue([draft('a')]);
  const [claimed] = await journal.claim(claimAll);
  if (claimed !== undefined) await journal.complete(claimed, {});
  await journal.close();
  const again = await open(t, { dataDir, now: () => 5 });
  const [after] = await again.enqueue([draft('a')]);
  t.true((after?.sequence ?? 0) > (before?.sequence ?? 0));
});

test('pauses are kept', async (t) => {
  const dataDir = await temporaryFolder(t);
  const journal = await open(t, { dataDir });
  await journal.setPaused('site-c', true);
  await journal.setPaused('site-c', true);
  await journal.close();
  const again = await open(t, { dataDir });
  t.deepEqual(await again.pausedTargets(), ['site-c']);
  await again.setPaused('site-c', false);
  t.deepEqual(await again.pausedTargets(), []);
});

test('closing waits for what is being written, and may be asked twice', async (t) => {
  const dataDir = await temporaryFolder(t);
  const journal = await open(t, { dataDir });
  const written = journal.enqueue([draft('a')]);
  await Promise.all([journal.close(), journal.close()]);
  t.is((await written).length, 1);
  await t.throwsAsync(journal.enqueue([draft('b')]), { code: 'journal-closed' });
  const again = await open(t, { dataDir });
  t.is(again.counts('site-b').pending, 1);
});

test('the age of the oldest task is exact through any number of ends', async (t) => {
  const journal = await openFresh(t);
  const drafts = Array.from({ length: 600 }, (_, index) =>
    draft(`key ${index}`, { acceptedAt: 1_000 + index }),
  );
  await journal.enqueue(drafts);
  t.is(journal.counts('site-b').oldestAt, 1_000);
  const tasks = await journal.claim(claimAll);
  t.is(tasks.length, 600);
  const [first, second, ...others] = tasks;
  assert(first && second);
  await Promise.all(others.slice(0, 590).map((task) => journal.complete(task, {})));
  t.is(journal.counts('site-b').oldestAt, 1_000);
  await journal.complete(first, {});
  await journal.complete(second, {});
  t.is(journal.counts('site-b').oldestAt, 1_592);
});
