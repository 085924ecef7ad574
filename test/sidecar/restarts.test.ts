import test from 'ava';
import { eventually, openStore } from '../arrange.ts';
import { put } from './scenario.ts';
import type { Site } from './site.ts';
import { differences, openSidecar, openSite, settled } from './site.ts';

const bucket = 'bucket';

/** A site with one object waiting for its paused target, and its sidecar stopped. */
async function stoppedWithBacklog(t: Parameters<typeof openSite>[0]): Promise<Site> {
  const site = await openSite(t);
  await site.sidecar.replicator.pause('site-b');
  await put(site, 'k', 'v');
  await site.sidecar.close({ timeoutMs: 1_000, drainMs: 0 });
  return site;
}

test('what waits is sent after a restart, and a pause is kept', async (t) => {
  const site = await stoppedWithBacklog(t);
  const sidecar = await openSidecar(t, site.env);
  await eventually('it is paused', () => sidecar.replicator.runtime()[0]?.state === 'paused');
  t.is(sidecar.journal.counts('site-b').pending, 1);
  await sidecar.replicator.resume('site-b');
  await settled({ sidecar });
  t.deepEqual(await differences(site), []);
});

test('a task that no rule wants any more is held, and goes when a rule wants it again', async (t) => {
  const site = await stoppedWithBacklog(t);
  const elsewhere = { ...site.env, REPLICAR_RULE_ALL: 'bucket/other/ -> site-b' };
  const without = await openSidecar(t, elsewhere);
  await without.replicator.resume('site-b');
  await eventually('it is held', () => without.journal.counts('site-b').parked === 1);
  const { tasks } = await without.journal.failures('site-b', { limit: 1 });
  t.is(tasks[0]?.failure?.code, 'no-rule');
  t.deepEqual(site.target.keys(bucket), []);
  await without.close({ timeoutMs: 0, drainMs: 0 });
  const sidecar = await openSidecar(t, site.env);
  await settled({ sidecar });
  t.deepEqual(await differences(site), []);
});

test('tasks of a target that is gone are kept and shown until they are discarded', async (t) => {
  const site = await stoppedWithBacklog(t);
  const env = Object.fromEntries(
    Object.entries(site.env).filter(([name]) => !/TARGET|RULE/.test(name)),
  );
  const sidecar = await openSidecar(t, env);
  const api = `http://127.0.0.1:${sidecar.adminAddress.port}/api`;
  const status = await (await fetch(`${api}/status`)).text();
  t.regex(status, /"name":"site-b".*"configured":false.*"pending":1/s);
  const discarded = await fetch(`${api}/discard`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ target: 'site-b' }),
  });
  t.is(discarded.status, 200);
  t.is(sidecar.journal.counts('site-b').pending, 0);
});

test('a target under the same name at another place has no statuses, and wants a resync', async (t) => {
  const site = await openSite(t);
  await put(site, 'k', 'v');
  await settled(site);
  await site.sidecar.close({ timeoutMs: 1_000, drainMs: 0 });
  const other = await openStore(t, 'minio');
  other.store.createBucket(bucket, { versioning: 'enabled' });
  const moved = { ...site.env, REPLICAR_TARGET_SITE_B_ENDPOINT: other.url };
  const sidecar = await openSidecar(t, moved);
  const [version] = site.source.versions(bucket, 'k');
  const name = { bucket, key: 'k', versionId: version?.versionId ?? '' };
  t.is(await sidecar.journal.status(name), undefined);
  const api = `http://127.0.0.1:${sidecar.adminAddress.port}/api/status`;
  const report: { resyncs: { target: string; state: string }[] } = JSON.parse(
    await (await fetch(api)).text(),
  );
  t.like(report.resyncs[0], { target: 'site-b', state: 'wanted' });
});
