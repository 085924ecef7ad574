// What the `minio` manner does for a replicator, as MinIO does it.

import test from 'ava';
import { parseXml, textOf } from '../../src/s3/xml.ts';
import { sendUnsigned } from './clients.ts';
import { startEmbedded } from './embedded.ts';

const id = '0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d';
const other = '1b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d';

function replica(mtime: string, etag?: string): Record<string, string> {
  return {
    'x-amz-replication-status': 'REPLICA',
    'x-minio-source-replication-request': 'true',
    'x-minio-source-mtime': mtime,
    ...(etag === undefined ? {} : { 'x-minio-source-etag': etag }),
  };
}

test('a replica keeps the version id, time and ETag it is given, and shows REPLICA', async (t) => {
  const { store, send } = await startEmbedded(t, { manner: 'minio' });
  store.createBucket('b', { versioning: 'enabled' });
  const put = await send({
    method: 'PUT',
    target: `/b/k?versionId=${id}`,
    headers: replica('2020-01-02T03:04:05.678901234Z', 'abc-3'),
    body: 'x',
  });
  t.is(put.status, 200);
  t.is(put.headers['x-amz-version-id'], id);
  t.is(put.headers['etag'], '"abc-3"');
  const head = await send({ method: 'HEAD', target: '/b/k' });
  t.is(head.headers['x-amz-replication-status'], 'REPLICA');
  t.is(head.headers['last-modified'], 'Thu, 02 Jan 2020 03:04:05 GMT');
  const [version] = store.versions('b', 'k');
  t.is(version?.lastModified, Date.parse('2020-01-02T03:04:05.678Z'));
});

test('the same version with the same ETag is refused with 412, with another it is replaced', async (t) => {
  const { store, send } = await startEmbedded(t, { manner: 'minio' });
  store.createBucket('b', { versioning: 'enabled' });
  const put = async (etag: string) =>
    send({
      method: 'PUT',
      target: `/b/k?versionId=${id}`,
      headers: replica('2020-01-02T03:04:05Z', etag),
      body: etag,
    });
  t.is((await put('one')).status, 200);
  const again = await put('one');
  t.is(again.status, 412);
  t.is(again.code, 'PreconditionFailed');
  t.is((await put('two')).status, 200);
  t.deepEqual(
    store.versions('b', 'k').map(({ etag }) => etag),
    ['two'],
  );
});

test('an older version that arrives late does not become current', async (t) => {
  const { store, send } = await startEmbedded(t, { manner: 'minio' });
  store.createBucket('b', { versioning: 'enabled' });
  const put = async (version: string, mtime: string) =>
    send({
      method: 'PUT',
      target: `/b/k?versionId=${version}`,
      headers: replica(mtime),
      body: mtime,
    });
  await put(id, '2020-01-02T00:00:00Z');
  await put(other, '2020-01-01T00:00:00Z');
  t.deepEqual(
    store.versions('b', 'k').map(({ versionId }) => versionId),
    [id, other],
  );
  t.is((await send({ method: 'GET', target: '/b/k' })).body.toString(), '2020-01-02T00:00:00Z');
});

test("a replicator's delete of a marker makes it, and sent again removes it", async (t) => {
  const { store, send } = await startEmbedded(t, { manner: 'minio' });
  store.createBucket('b', { versioning: 'enabled' });
  const toggle = {
    method: 'DELETE',
    target: `/b/k?versionId=${id}`,
    headers: { ...replica('2020-01-02T00:00:00Z'), 'x-minio-source-deletemarker': 'true' },
  };
  const made = await send(toggle);
  t.is(made.status, 204);
  t.is(made.headers['x-amz-version-id'], id);
  t.like(store.versions('b', 'k'), [
    {
      versionId: id,
      marker: true,
      replicationStatus: 'REPLICA',
      lastModified: Date.parse('2020-01-02T00:00:00Z'),
    },
  ]);
  const probe = { method: 'HEAD', target: `/b/k?versionId=${id}` };
  const proxy = { 'x-minio-source-proxy-request': 'false' };
  t.is((await send({ ...probe, headers: proxy })).status, 405);
  const asMarker = { ...proxy, 'x-minio-source-deletemarker': 'true' };
  t.is((await send({ ...probe, headers: asMarker })).status, 404);
  t.is((await send(toggle)).status, 204);
  t.deepEqual(store.versions('b', 'k'), []);
});

test('a failed HEAD tells whether any version of the key is known', async (t) => {
  const { store, send } = await startEmbedded(t, { manner: 'minio' });
  store.createBucket('b', { versioning: 'enabled' });
  const probe = {
    method: 'HEAD',
    target: `/b/k?versionId=${id}`,
    headers: { 'x-minio-check-replication-ready': 'true' },
  };
  const before = await send(probe);
  t.is(before.status, 404);
  t.is(before.headers['x-minio-replication-ready'], undefined);
  t.is(before.headers['x-minio-error-code'], 'NoSuchVersion');
  await send({ method: 'PUT', target: '/b/k', body: 'x' });
  const after = await send(probe);
  t.is(after.status, 404);
  t.is(after.headers['x-minio-replication-ready'], 'true');
});

test('a HEAD shows the tags when it asks for access to them', async (t) => {
  const { store, send } = await startEmbedded(t, { manner: 'minio' });
  store.createBucket('b');
  const tags = 'a=1&b=x+y';
  await send({ method: 'PUT', target: '/b/k', headers: { 'x-amz-tagging': tags }, body: 'x' });
  const head = await send({
    method: 'HEAD',
    target: '/b/k',
    headers: { 'x-amz-tagging-directive': 'ACCESS' },
  });
  t.is(head.headers['x-amz-tagging'], tags);
  const plain = await send({ method: 'HEAD', target: '/b/k' });
  t.is(plain.headers['x-amz-tagging'], undefined);
});

test('a multipart replica gets its id and ETag at the start, its time at the end', async (t) => {
  const { store, send } = await startEmbedded(t, { manner: 'minio' });
  store.createBucket('b', { versioning: 'enabled' });
  const { 'x-minio-source-mtime': mtime = '', ...rest } = replica('2020-01-02T00:00:00Z', 'abc-1');
  const begun = await send({
    method: 'POST',
    target: `/b/k?uploads&versionId=${id}`,
    headers: rest,
  });
  const target = `/b/k?uploadId=${textOf(parseXml(begun.body), 'UploadId') ?? ''}`;
  const part = await send({ method: 'PUT', target: `${target}&partNumber=1`, body: 'part' });
  const etag = String(part.headers['etag']);
  const done = await send({
    method: 'POST',
    target,
    headers: { 'x-minio-source-mtime': mtime, 'x-minio-source-replication-request': 'true' },
    body: `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`,
  });
  t.is(done.status, 200);
  t.like(store.versions('b', 'k'), [
    {
      versionId: id,
      etag: 'abc-1',
      lastModified: Date.parse(mtime),
      replicationStatus: 'REPLICA',
      partSizes: [4],
    },
  ]);
});

test('a copy of a version onto itself changes tags and locks in place, newer over older', async (t) => {
  const { store, send } = await startEmbedded(t, { manner: 'minio' });
  store.createBucket('b', { lock: true });
  const mtime = '2020-01-02T00:00:00Z';
  await send({
    method: 'PUT',
    target: `/b/k?versionId=${id}`,
    headers: { ...replica(mtime), 'x-amz-meta-a': '1', 'x-amz-tagging': 'a=1' },
    body: 'x',
  });
  const copy = async (tags: string, at: string) =>
    send({
      method: 'PUT',
      target: `/b/k?versionId=${id}`,
      headers: {
        ...replica(mtime),
        'x-amz-copy-source': `b/k?versionId=${id}`,
        'x-amz-tagging-directive': 'REPLACE',
        'x-amz-tagging': tags,
        'x-minio-source-replication-tagging-timestamp': at,
        'x-amz-object-lock-legal-hold': 'ON',
        'x-minio-source-replication-legalhold-timestamp': at,
      },
    });
  t.is((await copy('a=2', '2020-01-04T00:00:00Z')).status, 200);
  t.is((await copy('a=3', '2020-01-03T00:00:00Z')).status, 200);
  t.like(store.versions('b', 'k'), [
    { versionId: id, tags: { a: '2' }, legalHold: true, headers: { 'x-amz-meta-a': '1' } },
  ]);
});

test('a version delete by a replicator passes the lock, by a client it does not', async (t) => {
  const { store, send } = await startEmbedded(t, { manner: 'minio' });
  store.createBucket('b', { lock: true });
  await send({
    method: 'PUT',
    target: `/b/k?versionId=${id}`,
    headers: { ...replica('2020-01-02T00:00:00Z'), 'x-amz-object-lock-legal-hold': 'ON' },
    body: 'x',
  });
  const remove = { method: 'DELETE', target: `/b/k?versionId=${id}` };
  t.is((await send(remove)).code, 'AccessDenied');
  t.is((await send({ ...remove, headers: replica('2020-01-02T00:00:00Z') })).status, 204);
  t.deepEqual(store.versions('b', 'k'), []);
});

test('what MinIO refuses is refused: ids that are no UUID, ids without versioning, the dry run', async (t) => {
  const { store, send } = await startEmbedded(t, { manner: 'minio' });
  store.createBucket('b', { versioning: 'enabled' });
  store.createBucket('plain');
  const strange = await send({ method: 'PUT', target: '/b/k?versionId=strange', body: 'x' });
  t.is(strange.code, 'InvalidArgument');
  const plain = await send({ method: 'PUT', target: `/plain/k?versionId=${id}`, body: 'x' });
  t.is(plain.code, 'InvalidArgument');
  const check = await send({
    method: 'PUT',
    target: '/b/k',
    headers: { 'x-minio-source-replication-check': 'true' },
    body: 'x',
  });
  t.is(check.status, 400);
  t.is(check.code, 'ReplicationPermissionCheck');
  t.deepEqual(store.keys('b'), []);
});

test('health needs no signature, in this manner alone', async (t) => {
  const minio = await startEmbedded(t, { manner: 'minio' });
  const health = { method: 'GET', target: '/minio/health/live' };
  t.is((await sendUnsigned(minio.address, health)).status, 200);
  const s3 = await startEmbedded(t);
  t.is((await sendUnsigned(s3.address, health)).status, 403);
});

test("the s3 manner takes no notice of a replicator's headers", async (t) => {
  const { store, send } = await startEmbedded(t);
  store.createBucket('b', { versioning: 'enabled' });
  const headers = replica('2020-01-02T00:00:00Z', 'abc');
  await send({ method: 'PUT', target: '/b/k', headers, body: 'x' });
  const [version] = store.versions('b', 'k');
  t.not(version?.etag, 'abc');
  t.true((version?.lastModified ?? 0) > Date.parse('2026-01-01'));
  t.is(version?.replicationStatus, undefined);
});
