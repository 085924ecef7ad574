import test from 'ava';
import { request } from 'undici';
import { queryOf, targetOf } from '../../src/s3/path.ts';
import { emptyHash, signRequest } from '../../src/s3/sigv4.ts';
import { credentials, region } from '../arrange.ts';
import { put } from './scenario.ts';
import type { Site } from './site.ts';
import { openSite, settled } from './site.ts';

const bucket = 'bucket';

/** GET without the client's errors: a marker is answered with 404 or 405. */
async function get(
  { sidecar }: Site,
  key: string,
  versionId?: string,
): Promise<Awaited<ReturnType<typeof request>>> {
  const host = `127.0.0.1:${sidecar.address.port}`;
  const target = targetOf(bucket, key, queryOf({ versionId }));
  const signed = signRequest({
    method: 'GET',
    target,
    headers: [{ name: 'host', value: host }],
    credentials,
    region,
    at: new Date(),
    payloadHash: emptyHash,
  });
  const headers = Object.fromEntries(signed.map(({ name, value }) => [name, value]));
  const answer = await request(`http://${host}${target}`, { headers });
  await answer.body.dump();
  return answer;
}

test('a delete marker tells how its replication stands, while and after', async (t) => {
  const site = await openSite(t);
  await put(site, 'k', 'v');
  await settled(site);
  await site.sidecar.replicator.pause('site-b');
  const { headers } = await site.client.fetch({ method: 'DELETE', bucket, key: 'k' });
  const waiting = await get(site, 'k');
  t.is(waiting.statusCode, 404);
  t.is(waiting.headers['x-minio-replication-deletemarker-status'], 'PENDING');
  await site.sidecar.replicator.resume('site-b');
  await settled(site);
  const marker = await get(site, 'k', String(headers['x-amz-version-id']));
  t.is(marker.statusCode, 405);
  t.is(marker.headers['x-minio-replication-deletemarker-status'], 'COMPLETED');
});

test('a version whose delete is under way tells so, and nothing once it is done', async (t) => {
  const site = await openSite(t);
  const { 'x-amz-version-id': versionId } = await put(site, 'k', 'v');
  await settled(site);
  await site.sidecar.replicator.pause('site-b');
  const query = queryOf({ versionId: String(versionId) });
  await site.client.fetch({ method: 'DELETE', bucket, key: 'k', query });
  const waiting = await get(site, 'k', String(versionId));
  t.is(waiting.statusCode, 404);
  t.is(waiting.headers['x-minio-replication-delete-status'], 'PENDING');
  await site.sidecar.replicator.resume('site-b');
  await settled(site);
  const done = await get(site, 'k', String(versionId));
  t.is(done.headers['x-minio-replication-delete-status'], undefined);
});

test('on an unversioned bucket a status is shown only while the ETag is the recorded one', async (t) => {
  const site = await openSite(t, { versioned: false });
  await put(site, 'k', 'v');
  await settled(site);
  t.is((await get(site, 'k')).headers['x-amz-replication-status'], 'COMPLETED');
  await site.atSource.fetch({
    method: 'PUT',
    bucket,
    key: 'k',
    body: Buffer.from('behind the back'),
  });
  t.is((await get(site, 'k')).headers['x-amz-replication-status'], undefined);
});

test('several targets are told one by one, and a failure outweighs', async (t) => {
  const site = await openSite(t, {
    env: {
      REPLICAR_TARGET_SITE_C_ENDPOINT: 'http://127.0.0.1:9',
      REPLICAR_TARGET_SITE_C_ACCESS_KEY: 'k',
      REPLICAR_TARGET_SITE_C_SECRET_KEY: 's',
      REPLICAR_RULE_C: 'bucket -> site-c',
    },
  });
  await put(site, 'k', 'v');
  await settled(site);
  const { headers } = await get(site, 'k');
  t.is(headers['x-amz-replication-status'], 'FAILED');
  t.is(headers['x-replicar-targets'], 'site-b=COMPLETED, site-c=FAILED');
});
