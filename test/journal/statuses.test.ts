/* oxlint-disable no-await-in-loop -- one step after the other is what is tested */

import assert from 'node:assert/strict';
import test from 'ava';
import type { OpenedJournal } from '../../src/journal/options.ts';
import type { Task, TaskDraft, VersionStatus } from '../../src/journal/types.ts';
import {
  claimAll,
  draft,
  failedUntil,
  failure,
  open,
  openFresh,
  temporaryFolder,
} from './arrangement.ts';

const versionOf = (key: string, versionId = `version of ${key}`) =>
  ({ bucket: 'photos', key, versionId }) as const;

async function statusOf(
  journal: OpenedJournal,
  key: string,
  versionId?: string,
): Promise<VersionStatus['targets'][string] | undefined> {
  return (await journal.status(versionOf(key, versionId)))?.targets['site-b'];
}

/** Queues one change and claims it. */
async function begin(journal: OpenedJournal, queued: TaskDraft): Promise<Task> {
  await journal.enqueue([queued]);
  const [task] = await journal.claim(claimAll);
  if (task === undefined) throw new Error('nothing to claim');
  return task;
}

test('a task that ends makes its version COMPLETED and keeps the id the target gave', async (t) => {
  const journal = await openFresh(t, { now: () => 77 });
  const task = await begin(journal, draft('a'));
  await journal.complete(task, { targetVersionId: 'theirs' });
  t.deepEqual(await statusOf(journal, 'a'), {
    state: 'COMPLETED',
    at: 77,
    targetVersionId: 'theirs',
  });
});

test('a failed attempt is FAILED with its reason', async (t) => {
  const journal = await openFresh(t);
  const task = await begin(journal, draft('a'));
  await journal.postpone(task, failedUntil(5));
  const status = await statusOf(journal, 'a');
  t.is(status?.state, 'FAILED');
  t.is(status?.reason, failure.reason);
});

test('a metadata change makes a version PENDING again and forgets nothing', async (t) => {
  const journal = await openFresh(t);
  const task = await begin(journal, draft('a'));
  await journal.complete(task, { targetVersionId: 'theirs' });
  await begin(journal, draft('a', { kind: 'metadata' }));
  const status = await statusOf(journal, 'a');
  t.is(status?.state, 'PENDING');
  t.is(status?.targetVersionId, 'theirs');
});

test('a version with a later task is not COMPLETED by an earlier one', async (t) => {
  const journal = await openFresh(t);
  await journal.enqueue([draft('a'), draft('a', { kind: 'metadata' })]);
  const [object] = await journal.claim(claimAll);
  assert(object);
  await journal.complete(object, { targetVersionId: 'theirs' });
  t.is((await statusOf(journal, 'a'))?.state, 'PENDING');
  const [metadata] = await journal.claim(claimAll);
  assert(metadata);
  await journal.complete(metadata, {});
  const status = await statusOf(journal, 'a');
  t.is(status?.state, 'COMPLETED');
  t.is(status?.targetVersionId, 'theirs');
});

test('a version delete is shown while it is under way, and nothing is left of it then', async (t) => {
  const journal = await openFresh(t);
  await journal.complete(await begin(journal, draft('a')), { targetVersionId: 'theirs' });
  const task = await begin(journal, draft('a', { kind: 'version-delete' }));
  const status = await statusOf(journal, 'a');
  t.is(status?.deletion, 'version');
  t.is(status?.state, 'PENDING');
  t.is(status?.targetVersionId, 'theirs');
  await journal.complete(task, {});
  t.is(await journal.status(versionOf('a')), undefined);
  t.deepEqual(await journal.statusesOf('photos', 'a'), []);
});

test('a version delete goes out for a version that was never seen', async (t) => {
  const journal = await openFresh(t);
  const task = await begin(journal, draft('a', { kind: 'version-delete' }));
  await journal.complete(task, {});
  t.is(await journal.status(versionOf('a')), undefined);
});

test('a marker says so while it is made and after', async (t) => {
  const journal = await openFresh(t);
  const task = await begin(journal, draft('a', { kind: 'marker' }));
  t.is((await statusOf(journal, 'a'))?.deletion, 'marker');
  await journal.complete(task, {});
  const status = await statusOf(journal, 'a');
  t.is(status?.state, 'COMPLETED');
  t.is(status?.deletion, 'marker');
});

test('new content of the null version replaces the record, for all targets that it goes to', async (t) => {
  const journal = await openFresh(t);
  const both = ['site-b', 'site-c'];
  await journal.enqueue([draft('a', { versionId: 'null', etag: 'one' }, both)]);
  const [task] = await journal.claim(claimAll);
  assert(task);
  await journal.enqueue([draft('a', { versionId: 'null', etag: 'two' })]);
  const status = await journal.status(versionOf('a', 'null'));
  t.is(status?.etag, 'two');
  t.deepEqual(Object.keys(status?.targets ?? {}), ['site-b']);
  await journal.complete(task, {});
  t.is((await statusOf(journal, 'a', 'null'))?.state, 'PENDING');
  await journal.enqueue([draft('a', { versionId: 'null' }, both)]);
  const unknown = await journal.status(versionOf('a', 'null'));
  t.is(unknown?.etag, undefined);
  t.deepEqual(Object.keys(unknown?.targets ?? {}).toSorted(), both);
});

test('the ETag of a null version is learnt from what was sent', async (t) => {
  const journal = await openFresh(t);
  const task = await begin(journal, draft('a', { versionId: 'null' }));
  await journal.complete(task, { etag: 'sent' });
  t.is((await journal.status(versionOf('a', 'null')))?.etag, 'sent');
});

test('a delete on an unversioned bucket takes the status away unless new content came meanwhile', async (t) => {
  const journal = await openFresh(t);
  const gone = await begin(journal, draft('a', { kind: 'delete', versionId: 'null' }));
  t.is((await statusOf(journal, 'a', 'null'))?.deletion, 'version');
  await journal.enqueue([draft('a', { versionId: 'null', etag: 'new' })]);
  await journal.complete(gone, {});
  const status = await journal.status(versionOf('a', 'null'));
  t.is(status?.etag, 'new');
  t.is(status?.targets['site-b']?.state, 'PENDING');
});

test('the statuses of a key are those of its own versions, whatever characters it holds', async (t) => {
  const journal = await openFresh(t);
  const keys = ['a', 'a\0', 'a\0b', 'a\u0001', 'ab', 'é', '\u{1f600}', '../a//', ''];
  await journal.enqueue(keys.map((key) => draft(key, { versionId: `${key}!` })));
  for (const key of keys) {
    const statuses = await journal.statusesOf('photos', key);
    t.deepEqual(
      statuses.map(({ versionId }) => versionId),
      [`${key}!`],
    );
  }
});

test('a cached status follows every write', async (t) => {
  const journal = await openFresh(t);
  t.is(await journal.status(versionOf('a')), undefined);
  const task = await begin(journal, draft('a'));
  t.is((await statusOf(journal, 'a'))?.state, 'PENDING');
  await journal.complete(task, {});
  t.is((await statusOf(journal, 'a'))?.state, 'COMPLETED');
});

test('a target with another endpoint or bucket knows nothing any more, and its buckets are marked', async (t) => {
  const dataDir = await temporaryFolder(t);
  const journal = await open(t, { dataDir });
  await journal.complete(await begin(journal, draft('done', {}, ['site-b', 'site-c'])), {});
  const waiting = await begin(journal, draft('waiting'));
  await journal.noteUpload(waiting, 'upload at the former endpoint');
  await journal.close();

  const [, siteC] = [0, { name: 'site-c', endpoint: 'http://c.example:9000', bucket: 'copies' }];
  const moved = { name: 'site-b', endpoint: 'http://elsewhere.example:9000' };
  const again = await open(t, { dataDir, targets: [moved, siteC], now: () => 42 });
  t.deepEqual(
    again.changes.movedTargets.map(({ name }) => name),
    ['site-b'],
  );
  t.is(again.changes.movedTargets[0]?.before.endpoint, 'http://b.example:9000');
  const marks = await again.marks();
  t.deepEqual(
    marks.map(({ bucket, target, at }) => [bucket, target, at]),
    [['*', 'site-b', 42]],
  );
  t.regex(marks[0]?.reason ?? '', /elsewhere/);
  const done = await again.status(versionOf('done'));
  t.deepEqual(Object.keys(done?.targets ?? {}), ['site-c']);
  const [task] = await again.claim(claimAll);
  t.is(task?.change.key, 'waiting');
  t.is(task?.uploadId, undefined);
  await again.unmark('*', 'site-b');
  t.deepEqual(await again.marks(), []);
});
