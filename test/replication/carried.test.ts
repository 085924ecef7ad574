// Everything that an object is goes along: headers, metadata as bytes, odd keys, locks, checksums.

import test from 'ava';
import type { RawRequest } from '../store/clients.ts';
import { send } from '../store/clients.ts';
import { bucket, credentials, history, manners, silent, world } from './arrangement.ts';

const keys = [
  'a//b',
  '/a',
  'a/',
  'a b+c%20d',
  'a%2Fb',
  'quote\'"`(x)*!',
  '..',
  'a/../b',
  './x',
  'back\\slash',
  '😀 emoji ñ',
  'e\u0301 decomposed',
  '?query#hash&amp;',
  'x'.repeat(1024),
  '€'.repeat(341),
];

for (const target of manners) {
  test(`${target}: odd keys arrive byte for byte`, async (t) => {
    // The s3 manner takes keys that MinIO would refuse.
    const setup = await world(t, { source: 's3', target });
    const { source, target: store, queue, replicator, failures } = setup;
    const accepted = target === 'minio' ? keys.filter((key) => !isRefusedByMinio(key)) : keys;
    for (const key of accepted) {
      // oxlint-disable-next-line no-await-in-loop -- a few objects
      await rawPut(source.url, key, { body: key }, async (versionId, etag) => {
        await queue({ kind: 'object', key, versionId, etag });
      });
    }
    replicator.start();
    await replicator.drain();
    t.deepEqual(await failures(), []);
    t.deepEqual(store.keys(bucket), source.keys(bucket));
    for (const key of accepted) t.deepEqual(history(store, key), history(source, key), key);
  });

  test(`${target}: content headers, metadata bytes, tags and class go along`, async (t) => {
    const { source, target: store, queue, replicator, failures } = await world(t, { target });
    const headers = {
      'cache-control': 'max-age=1, private',
      'content-disposition': 'attachment; filename="a.txt"',
      'content-encoding': 'gzip',
      'content-language': 'de, en',
      'content-type': 'text/plain; charset=utf-8',
      expires: 'Thu, 01 Dec 2033 16:00:00 GMT',
      'x-amz-website-redirect-location': '/elsewhere',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      'x-amz-tagging': 'a=1&b%20c=%C3%A4%2B',
      'x-amz-meta-plain': 'value',
      'x-amz-meta-empty': '',
      // UTF-8 bytes and bytes that are none, both as they are on the wire.
      'x-amz-meta-bytes': Buffer.from('größe').toString('latin1'),
      'x-amz-meta-latin': '\u00e9\u00ff',
      'x-amz-meta-rfc2047': '=?UTF-8?B?w6Q=?=',
    };
    await rawPut(source.url, 'a.txt', { body: 'hello', headers }, async (versionId, etag) => {
      await queue({ kind: 'object', key: 'a.txt', versionId, etag });
    });
    replicator.start();
    await replicator.drain();
    t.deepEqual(await failures(), []);
    t.deepEqual(history(store, 'a.txt'), history(source, 'a.txt'));
    const [copy] = store.versions(bucket, 'a.txt');
    t.is(copy?.headers['x-amz-meta-bytes'], headers['x-amz-meta-bytes']);
    t.is(copy?.headers['x-amz-meta-latin'], headers['x-amz-meta-latin']);
    t.is(copy?.headers['content-encoding'], 'gzip');
    t.is(copy?.storageClass, 'REDUCED_REDUNDANCY');
    t.deepEqual(copy?.tags, { a: '1', 'b c': 'ä+' });
  });

  for (const algorithm of ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const) {
    test(`${target}: a ${algorithm} checksum goes along`, async (t) => {
      const { source, target: store, put, replicator } = await world(t, { target });
      await put('a.txt', 'hello', { ChecksumAlgorithm: algorithm });
      replicator.start();
      await replicator.drain();
      t.is(store.versions(bucket, 'a.txt')[0]?.checksum?.algorithm, algorithm);
      t.deepEqual(history(store, 'a.txt'), history(source, 'a.txt'));
    });
  }

  test(`${target}: tags are asked for only where the object has some`, async (t) => {
    const { source, put, replicator } = await world(t, { target });
    await put('plain.txt', 'hello');
    replicator.start();
    await replicator.drain();
    t.is(source.requests.get('GetObjectTagging'), undefined);
    await put('tagged.txt', 'hello', { Tagging: 'a=1' });
    await replicator.drain();
    t.is(source.requests.get('GetObjectTagging'), 1);
  });

  test(`${target}: an empty object and one that is streamed arrive whole`, async (t) => {
    const { source, target: store, put, replicator, failures } = await world(t, { target });
    await put('empty', '');
    await put('streamed', Buffer.alloc(9 * 1024 * 1024 + 17, 'abcdefg'));
    await put('buffered', Buffer.alloc(3 * 1024 * 1024, 'xyz'));
    replicator.start();
    await replicator.drain();
    t.deepEqual(await failures(), []);
    for (const key of ['empty', 'streamed', 'buffered']) {
      const [copy] = store.versions(bucket, key);
      const [origin] = source.versions(bucket, key);
      t.true(copy?.body.equals(origin?.body ?? Buffer.alloc(1)), key);
      t.is(copy?.etag, origin?.etag);
    }
  });

  test(`${target}: an object overwritten before its task ran arrives as it is now`, async (t) => {
    const setup = await world(t, { source: 's3', target, versioning: 'off' });
    const { source, target: store, put, journal, replicator, failures } = setup;
    const old = await put('a.txt', 'one');
    await journal.discard('site-b');
    await put('a.txt', 'two');
    await journal.discard('site-b');
    await setup.queue(old);
    replicator.start();
    await replicator.drain();
    t.deepEqual(await failures(), []);
    t.deepEqual(history(store, 'a.txt'), history(source, 'a.txt'));
  });
}

test('a rule that wants a bucket of another name sends there', async (t) => {
  const { target, put, replicator } = await world(t, {
    replicator: { wants: () => ({ targetBucket: 'copies' }) },
  });
  target.createBucket('copies', { versioning: 'enabled' });
  await put('a.txt', 'hello');
  replicator.start();
  await replicator.drain();
  t.deepEqual(target.keys('copies'), ['a.txt']);
  t.deepEqual(target.keys(bucket), []);
});

test('a storage class that the target refuses is parked with the reason', async (t) => {
  const { target, put, replicator, failures } = await world(t, { replicator: { log: silent } });
  target.faults.add(
    { operation: 'PutObject' },
    { kind: 'error', status: 400, code: 'InvalidStorageClass' },
  );
  await put('a.txt', 'hello', { StorageClass: 'REDUCED_REDUNDANCY' });
  replicator.start();
  await replicator.drain();
  const [failure] = await failures();
  t.is(failure?.state, 'parked');
  t.regex(failure?.failure?.reason ?? '', /InvalidStorageClass/);
});

function isRefusedByMinio(key: string): boolean {
  const parts = key.split('/');
  return (
    key.startsWith('/') ||
    key.includes('//') ||
    key.includes('\\') ||
    parts.some((part) => part === '.' || part === '..' || part.length > 255)
  );
}

async function rawPut(
  url: string,
  key: string,
  request: Pick<RawRequest, 'body' | 'headers'>,
  then: (versionId: string, etag: string) => Promise<void>,
): Promise<void> {
  const path = [...Buffer.from(key)]
    .map((byte) => `%${byte.toString(16).padStart(2, '0')}`)
    .join('');
  const answer = await send(
    { url, credentials, region: 'us-east-1' },
    { method: 'PUT', target: `/${bucket}/${path}`, ...request },
  );
  if (answer.status !== 200) throw new Error(`the source refused ${key}: ${answer.code}`);
  const etag = String(answer.headers['etag']).replaceAll('"', '');
  await then(String(answer.headers['x-amz-version-id']), etag);
}
