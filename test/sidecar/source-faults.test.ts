import test from 'ava';
import { queryOf } from '../../src/s3/path.ts';
import { parseXml, textOf } from '../../src/s3/xml.ts';
import { eventually } from '../arrange.ts';
import { multipart, put } from './scenario.ts';
import type { Site } from './site.ts';
import { differences, openSite, settled } from './site.ts';

const bucket = 'bucket';

for (const versioned of [true, false]) {
  const where = versioned ? 'a versioned' : 'an unversioned';

  test(`a write whose answer is lost after the commit is answered 503 and reaches the target, ${where} bucket`, async (t) => {
    const site = await openSite(t, { versioned });
    site.source.faults.add({ operation: 'PutObject' }, { kind: 'cut', point: 'after' });
    await t.throwsAsync(put(site, 'k', 'v'), { message: /503 SlowDown/ });
    await settled(site);
    t.deepEqual(await differences(site, { latestOnly: !versioned }), []);
    t.is(site.target.versions(bucket, 'k').length, 1);
  });

  test(`a delete whose answer is lost after the commit reaches the target, ${where} bucket`, async (t) => {
    const site = await openSite(t, { versioned });
    await put(site, 'k', 'v');
    await settled(site);
    site.source.faults.add({ operation: 'DeleteObject' }, { kind: 'cut', point: 'after' });
    const removal = site.client.fetch({ method: 'DELETE', bucket, key: 'k' });
    await t.throwsAsync(removal, { message: /503 SlowDown/ });
    await settled(site);
    t.deepEqual(await differences(site, { latestOnly: !versioned }), []);
    t.is(site.target.current(bucket, 'k')?.marker ?? true, true);
  });
}

test('a version delete whose answer is lost is believed because the journal knew the version', async (t) => {
  const site = await openSite(t);
  const { 'x-amz-version-id': versionId } = await put(site, 'k', 'v');
  await settled(site);
  site.source.faults.add({ operation: 'DeleteObject' }, { kind: 'cut', point: 'after' });
  const query = queryOf({ versionId: String(versionId) });
  await t.throwsAsync(site.client.fetch({ method: 'DELETE', bucket, key: 'k', query }));
  await settled(site);
  t.deepEqual(site.target.versions(bucket, 'k'), []);
});

test('a 5xx after the commit is asked about and replicated', async (t) => {
  const site = await openSite(t);
  site.source.faults.add(
    { operation: 'PutObject', key: 'no' },
    { kind: 'error', status: 500, code: 'InternalError' },
  );
  await t.throwsAsync(put(site, 'no', 'v'), { message: /500 InternalError/ });
  await settled(site);
  t.deepEqual(site.target.keys(bucket), []);
});

test('a 200 that holds an error is no copy', async (t) => {
  const site = await openSite(t);
  await put(site, 'from', 'v');
  site.source.faults.add(
    { operation: 'CopyObject' },
    { kind: 'ok-with-error', code: 'InternalError' },
  );
  const headers = [{ name: 'x-amz-copy-source', value: `/${bucket}/from` }];
  const answer = await site.client.fetch({ method: 'PUT', bucket, key: 'to', headers });
  t.is(answer.status, 200);
  t.is(textOf(parseXml(answer.bytes), 'Code'), 'InternalError');
  t.is(answer.headers['x-amz-replication-status'], undefined);
  await settled(site);
  t.deepEqual(site.target.keys(bucket), ['from']);
});

test('an answer that is kept alive with white space is relayed at once, with PENDING, and replicated', async (t) => {
  const site = await openSite(t);
  const { release, until } = gate();
  site.source.faults.add(
    { operation: 'CompleteMultipartUpload' },
    { kind: 'white-space', everyMs: 50, until },
  );
  const { uploadId, body } = await begun(site, 'film');
  const query = queryOf({ uploadId });
  const answer = await site.client.send({ method: 'POST', bucket, key: 'film', query, body });
  t.is(answer.status, 200);
  t.is(answer.headers['x-amz-replication-status'], 'PENDING');
  release();
  const pieces: Buffer[] = [];
  for await (const piece of answer.body) pieces.push(piece);
  t.regex(Buffer.concat(pieces).toString(), /^<\?xml[^>]*>\s{2,}<CompleteMultipartUploadResult/);
  await settled(site);
  t.deepEqual(await differences(site), []);
});

function gate(): { release: () => void; until: Promise<void> } {
  const opened = new AbortController();
  const until = new Promise<void>((resolve) => {
    opened.signal.addEventListener('abort', () => resolve());
  });
  return { release: () => opened.abort(), until };
}

async function begun({ client }: Site, key: string): Promise<{ uploadId: string; body: Buffer }> {
  const { bytes } = await client.fetch({ method: 'POST', bucket, key, query: 'uploads' });
  const uploadId = textOf(parseXml(bytes), 'UploadId') ?? '';
  const query = queryOf({ partNumber: 1, uploadId });
  const part = await client.fetch({ method: 'PUT', bucket, key, query, body: Buffer.from('part') });
  const etag = String(part.headers['etag']);
  const body = Buffer.from(
    `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`,
  );
  return { uploadId, body };
}

test('a client that leaves before its answer has its write replicated all the same', async (t) => {
  const site = await openSite(t);
  const fault = site.source.faults.hold({ operation: 'PutObject' }, 'after');
  const abort = new AbortController();
  const write = site.client.fetch({
    method: 'PUT',
    bucket,
    key: 'k',
    body: Buffer.from('v'),
    signal: abort.signal,
  });
  await fault.reached;
  abort.abort();
  await t.throwsAsync(write);
  fault.release();
  await eventually('the object is at the target', () => site.target.keys(bucket).length === 1);
  await settled(site);
  t.deepEqual(await differences(site), []);
});

test('while the source is down intents stay open, and are settled when it is back', async (t) => {
  const site = await openSite(t);
  site.source.faults.add({ operation: 'PutObject' }, { kind: 'cut', point: 'after' });
  const down = site.source.faults.add(
    { operation: 'ListObjectVersions' },
    { kind: 'error', status: 503, code: 'ServiceUnavailable' },
    Number.POSITIVE_INFINITY,
  );
  await t.throwsAsync(put(site, 'k', 'v'));
  await eventually('the source was asked in vain', () => down.used > 1);
  t.is(site.sidecar.journal.intentsOpen(), 1);
  down.remove();
  await settled(site);
  t.deepEqual(await differences(site), []);
});

test('a multipart object keeps its parts when its completion is found by asking', async (t) => {
  const site = await openSite(t);
  site.source.faults.add({ operation: 'CompleteMultipartUpload' }, { kind: 'cut', point: 'after' });
  await t.throwsAsync(multipart(site, 'film', [200_000, 100_000, 5]));
  await settled(site);
  t.deepEqual(site.target.current(bucket, 'film')?.partSizes, [200_000, 100_000, 5]);
  t.deepEqual(await differences(site), []);
});
