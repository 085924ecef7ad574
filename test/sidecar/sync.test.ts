import test from 'ava';
import { taggingXml } from '../../src/s3/calls.ts';
import { queryOf } from '../../src/s3/path.ts';
import { eventually } from '../arrange.ts';
import { put } from './scenario.ts';
import { differences, openSite, settled } from './site.ts';

const bucket = 'bucket';
const sync = { REPLICAR_TARGET_SITE_B_SYNC: 'true', REPLICAR_TARGET_SITE_B_SYNC_TIMEOUT: '400ms' };

test('a sync target that is too slow never turns a stored object into an error', async (t) => {
  const site = await openSite(t, { env: sync });
  const fault = site.target.faults.hold({ operation: 'PutObject' }, 'before');
  const answer = await put(site, 'k', 'v');
  t.is(answer['x-amz-replication-status'], 'PENDING');
  fault.release();
  await settled(site);
  t.deepEqual(await differences(site), []);
});

test('a sync target that refuses leaves FAILED in the answer', async (t) => {
  const site = await openSite(t, { env: sync });
  site.target.faults.add(
    { operation: 'PutObject' },
    { kind: 'error', status: 403, code: 'AccessDenied' },
  );
  const answer = await put(site, 'k', 'v');
  t.is(answer['x-amz-replication-status'], 'FAILED');
  t.is(answer['x-replicar-targets'], 'site-b=FAILED');
});

test('a sync target that is known to be down, or paused, costs nothing', async (t) => {
  const env = { ...sync, REPLICAR_TARGET_SITE_B_SYNC_TIMEOUT: '10m' };
  const site = await openSite(t, { env, targetIsDown: true });
  await put(site, 'first', 'v');
  await eventually(
    'it is known to be down',
    () => site.sidecar.replicator.runtime()[0]?.state === 'down',
  );
  const answer = await put(site, 'second', 'v');
  t.not(answer['x-amz-replication-status'], 'COMPLETED');
  await site.gate.open();
  await settled(site);
  await site.sidecar.replicator.pause('site-b');
  t.is((await put(site, 'third', 'v'))['x-amz-replication-status'], 'PENDING');
});

test('deletes and tags are waited for too', async (t) => {
  const site = await openSite(t, { env: sync });
  const { 'x-amz-version-id': versionId } = await put(site, 'k', 'v');
  const body = taggingXml([{ key: 'a', value: 'b' }]);
  const tagged = await site.client.fetch({
    method: 'PUT',
    bucket,
    key: 'k',
    query: 'tagging',
    body,
  });
  t.is(tagged.headers['x-amz-replication-status'], 'COMPLETED');
  t.deepEqual(site.target.current(bucket, 'k')?.tags, { a: 'b' });
  const query = queryOf({ versionId: String(versionId) });
  const removed = await site.client.fetch({ method: 'DELETE', bucket, key: 'k', query });
  t.is(removed.headers['x-amz-replication-status'], 'COMPLETED');
  t.deepEqual(site.target.versions(bucket, 'k'), []);
});
