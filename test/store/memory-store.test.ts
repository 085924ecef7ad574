// The store around its operations: addressing, Expect, the SDK as it comes, time, parts too small, inspection.

import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import test from 'ava';
import { parseXml, textOf } from '../../src/s3/xml.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { RawRequest, StoreAddress } from './clients.ts';
import { sdkClient, send, signedLines } from './clients.ts';
import { startEmbedded } from './embedded.ts';

test('the SDK with its own defaults, checksums and trailers, works', async (t) => {
  const { store, address } = await startEmbedded(t);
  store.createBucket('b');
  const client = sdkClient(address, {
    requestChecksumCalculation: 'WHEN_SUPPORTED',
    responseChecksumValidation: 'WHEN_SUPPORTED',
  });
  t.teardown(() => client.destroy());
  const put = await client.send(new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: 'hello' }));
  t.truthy(put.ChecksumCRC32);
  const got = await client.send(new GetObjectCommand({ Bucket: 'b', Key: 'k' }));
  t.is(await got.Body?.transformToString(), 'hello');
  t.is(got.ChecksumCRC32, put.ChecksumCRC32);
});

/** Sends a signed request over a bare socket and returns all that comes until the store closes. */
async function sendBare(address: StoreAddress, raw: RawRequest, expect: string): Promise<string> {
  const lines = signedLines(address, raw);
  const { hostname, port } = new URL(address.url);
  const socket = connect(Number(port), hostname);
  const head = lines.map(({ name, value }) => `${name}: ${value}\r\n`).join('');
  const length = Buffer.byteLength(raw.body ?? '');
  socket.write(
    `${raw.method} ${raw.target} HTTP/1.1\r\n${head}Content-Length: ${length}\r\nConnection: close\r\nExpect: ${expect}\r\n\r\n`,
  );
  const answer = text(socket);
  socket.once('data', (piece: Buffer) => {
    if (piece.toString().startsWith('HTTP/1.1 100')) socket.write(raw.body ?? '');
  });
  return answer;
}

test('a body is asked for with 100 only where the request can succeed', async (t) => {
  const { store, address } = await startEmbedded(t);
  store.createBucket('b');
  const raw = { method: 'PUT', target: '/b/k', body: 'x', headers: { 'if-none-match': '*' } };
  const first = await sendBare(address, raw, '100-continue');
  t.regex(first, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
  const second = await sendBare(address, raw, '100-continue');
  t.regex(second, /^HTTP\/1\.1 412 /);
  t.regex(second, /Connection: close/);
  const missing = await sendBare(address, { ...raw, target: '/missing/k' }, '100-continue');
  t.regex(missing, /^HTTP\/1\.1 404 /);
});

test('an upload that its client cuts leaves nothing', async (t) => {
  const { store, address } = await startEmbedded(t);
  store.createBucket('b');
  const fault = store.faults.add({ operation: 'PutObject' }, { kind: 'delay', ms: 0 });
  const raw = { method: 'PUT', target: '/b/k', payloadHash: 'UNSIGNED-PAYLOAD' };
  const lines = signedLines(address, raw);
  const { hostname, port } = new URL(address.url);
  const socket = connect(Number(port), hostname);
  const head = lines.map(({ name, value }) => `${name}: ${value}\r\n`).join('');
  socket.write(`PUT /b/k HTTP/1.1\r\n${head}Content-Length: 10\r\n\r\nfive.`);
  await fault.reached;
  socket.destroy();
  t.is((await send(address, { method: 'GET', target: '/b/k' })).status, 404);
  await store.close();
  t.deepEqual(store.keys('b'), []);
});

test('virtual-host style is understood below the domain', async (t) => {
  const { store, address } = await startEmbedded(t, { domain: 'localhost' });
  store.createBucket('b');
  const raw = { method: 'PUT', target: '/k', body: 'x', headers: {} };
  const virtual = { ...address, url: address.url.replace('127.0.0.1', 'b.localhost') };
  const lines = signedLines(virtual, raw);
  const { hostname, port } = new URL(address.url);
  const socket = connect(Number(port), hostname);
  const head = lines.map(({ name, value }) => `${name}: ${value}\r\n`).join('');
  socket.write(`PUT /k HTTP/1.1\r\n${head}Content-Length: 1\r\nConnection: close\r\n\r\nx`);
  t.regex(await text(socket), /^HTTP\/1\.1 200/);
  t.is(store.current('b', 'k')?.body.toString(), 'x');
});

test("the store's clock is the one it is given", async (t) => {
  const now = Date.parse('2030-01-02T03:04:05.678Z');
  const { store, send: raw } = await startEmbedded(t, { now: () => now });
  store.createBucket('b');
  const put = { method: 'PUT', target: '/b/k', body: 'x' };
  const skewed = await raw(put);
  t.is(skewed.code, 'RequestTimeTooSkewed');
  t.is(skewed.headers['date'], 'Wed, 02 Jan 2030 03:04:05 GMT');
  t.is((await raw({ ...put, at: new Date(now) })).status, 200);
  t.is(store.current('b', 'k')?.lastModified, now);
});

test('parts below the least size are refused where there is one', async (t) => {
  const { store, send: raw } = await startEmbedded(t, { partSizeMin: 10 });
  store.createBucket('b');
  const begun = await raw({ method: 'POST', target: '/b/k?uploads' });
  const target = `/b/k?uploadId=${textOf(parseXml(begun.body), 'UploadId') ?? ''}`;
  const etags = await Promise.all(
    [1, 2].map(async (number) => {
      const part = await raw({
        method: 'PUT',
        target: `${target}&partNumber=${number}`,
        body: 'x',
      });
      return String(part.headers['etag']);
    }),
  );
  const parts = etags.map(
    (etag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${etag}</ETag></Part>`,
  );
  const body = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`;
  const answer = await raw({ method: 'POST', target, body });
  t.is(answer.code, 'EntityTooSmall');
  t.is(store.uploads('b').length, 1);
});

test('a locked object needs a digest of its bytes in the s3 manner', async (t) => {
  const { store, send: raw } = await startEmbedded(t);
  store.createBucket('b', { lock: true });
  const put = {
    method: 'PUT',
    target: '/b/k',
    headers: { 'x-amz-object-lock-legal-hold': 'ON' },
    body: 'x',
  };
  t.is((await raw(put)).code, 'InvalidRequest');
  t.is(
    (await raw({ ...put, headers: { ...put.headers, 'content-md5': 'x' } })).code,
    'InvalidDigest',
  );
  const right = Buffer.from('9dd4e461268c8034f5c8564e155c67a6', 'hex').toString('base64');
  t.is((await raw({ ...put, headers: { ...put.headers, 'content-md5': right } })).status, 200);
});

test('a header override that is no header value is refused', async (t) => {
  const { store, send: raw } = await startEmbedded(t);
  store.createBucket('b');
  await raw({ method: 'PUT', target: '/b/k', body: 'x' });
  const target = '/b/k?response-content-type=a%0D%0Ab';
  t.is((await raw({ method: 'GET', target })).code, 'InvalidArgument');
});

test('settings that clients ask for are not found by their right names', async (t) => {
  const { store, send: raw } = await startEmbedded(t);
  store.createBucket('b');
  const expected = {
    policy: 'NoSuchBucketPolicy',
    lifecycle: 'NoSuchLifecycleConfiguration',
    cors: 'NoSuchCORSConfiguration',
    website: 'NoSuchWebsiteConfiguration',
    encryption: 'ServerSideEncryptionConfigurationNotFoundError',
    replication: 'ReplicationConfigurationNotFoundError',
    publicAccessBlock: 'NoSuchPublicAccessBlockConfiguration',
    ownershipControls: 'OwnershipControlsNotFoundError',
    tagging: 'NoSuchTagSet',
    'object-lock': 'ObjectLockConfigurationNotFoundError',
    inventory: 'NotImplemented',
  };
  for (const [name, code] of Object.entries(expected)) {
    // oxlint-disable-next-line no-await-in-loop -- one setting after the other
    t.is((await raw({ method: 'GET', target: `/b?${name}` })).code, code, name);
  }
  t.is((await raw({ method: 'PUT', target: '/b?policy', body: '{}' })).code, 'NotImplemented');
  t.deepEqual(store.buckets, ['b']);
});

test('requests are counted by operation, and their heads remembered', async (t) => {
  const { store, send: raw } = await startEmbedded(t);
  store.createBucket('b');
  await raw({ method: 'PUT', target: '/b/k', body: 'x', headers: { 'x-amz-meta-a': '1' } });
  await raw({ method: 'GET', target: '/b/k' });
  await raw({ method: 'GET', target: '/b/k' });
  t.deepEqual(
    [...store.requests],
    [
      ['PutObject', 1],
      ['GetObject', 2],
    ],
  );
  t.is(store.recent[0]?.headers.get('x-amz-meta-a'), '1');
  store.forgetRequests();
  t.is(store.requests.size, 0);
});

test('a port that is taken is told', async (t) => {
  const { address } = await startEmbedded(t);
  const { port } = new URL(address.url);
  const second = new MemoryStore({ manner: 's3', credentials: address.credentials });
  t.teardown(() => second.close());
  await t.throwsAsync(second.start(Number(port)), { code: 'EADDRINUSE' });
});
