// Scripted faults: each does what it says, is counted, and no more often than it was armed for.

import test from 'ava';
import { parseXml, textOf } from '../../src/s3/xml.ts';
import { startEmbedded } from './embedded.ts';

const put = { method: 'PUT', target: '/bucket/key', body: 'body' } as const;
const get = { method: 'GET', target: '/bucket/key' } as const;

test('an error is answered with its headers, does nothing, and strikes once', async (t) => {
  const { store, send } = await startEmbedded(t);
  store.createBucket('bucket');
  const fault = store.faults.add(
    { operation: 'PutObject' },
    { kind: 'error', status: 503, code: 'SlowDown', headers: [['Retry-After', '7']] },
  );
  const answer = await send(put);
  t.is(answer.status, 503);
  t.is(answer.code, 'SlowDown');
  t.is(answer.headers['retry-after'], '7');
  t.is(store.current('bucket', 'key'), undefined);
  t.is((await send(put)).status, 200);
  t.is(fault.used, 1);
  t.is(store.faults.armed, 0);
  t.like(store.faults.used, [{ operation: 'PutObject', bucket: 'bucket', key: 'key' }]);
});

test('a fault matches by operation, bucket, key and method, after those it lets pass', async (t) => {
  const { store, send } = await startEmbedded(t);
  store.createBucket('bucket');
  const error = { kind: 'error', status: 500, code: 'InternalError' } as const;
  store.faults.add({ method: 'PUT', bucket: 'bucket', key: 'key', skip: 1 }, error, 2);
  t.is((await send({ ...put, target: '/bucket/other' })).status, 200);
  t.is((await send(put)).status, 200);
  t.is((await send(get)).status, 200);
  t.is((await send(put)).status, 500);
  t.is((await send(put)).status, 500);
  t.is((await send(put)).status, 200);
});

test('a removed fault strikes no more', async (t) => {
  const { store, send } = await startEmbedded(t);
  store.createBucket('bucket');
  const error = { kind: 'error', status: 500, code: 'InternalError' } as const;
  const fault = store.faults.add({}, error, Infinity);
  t.is((await send(put)).status, 500);
  t.is((await send(put)).status, 500);
  fault.remove();
  t.is((await send(put)).status, 200);
});

test('a connection cut before the commit leaves nothing, after it everything', async (t) => {
  const { store, send } = await startEmbedded(t);
  store.createBucket('bucket');
  store.faults.add({}, { kind: 'cut', point: 'before' });
  await t.throwsAsync(send(put));
  t.is(store.current('bucket', 'key'), undefined);
  store.faults.add({}, { kind: 'cut', point: 'before', bytes: 2 });
  await t.throwsAsync(send(put));
  t.is(store.current('bucket', 'key'), undefined);
  store.faults.add({}, { kind: 'cut', point: 'after' });
  await t.throwsAsync(send(put));
  t.is(store.current('bucket', 'key')?.body.toString(), 'body');
});

test('a swallowed answer is a commit that nobody hears of until the store closes', async (t) => {
  const { store, send } = await startEmbedded(t);
  store.createBucket('bucket');
  const fault = store.faults.add({}, { kind: 'swallow' });
  const answer = t.throwsAsync(send(put));
  await fault.reached;
  t.is((await send(get)).status, 200);
  await store.close();
  await answer;
});

test('a held request goes on when it is released, before or after its commit', async (t) => {
  const { store, send } = await startEmbedded(t);
  store.createBucket('bucket');
  const before = store.faults.hold({ operation: 'PutObject' }, 'before');
  const first = send(put);
  await before.reached;
  t.is(store.current('bucket', 'key'), undefined);
  before.release();
  t.is((await first).status, 200);
  const after = store.faults.hold({ operation: 'DeleteObject' }, 'after');
  const second = send({ method: 'DELETE', target: '/bucket/key' });
  await after.reached;
  t.is((await send(get)).status, 404);
  after.release();
  t.is((await second).status, 204);
});

test('closing the store ends what is held or delayed', async (t) => {
  const { store, send } = await startEmbedded(t);
  store.createBucket('bucket');
  const hold = store.faults.hold({ operation: 'PutObject' }, 'before');
  const delay = store.faults.add({ operation: 'GetObject' }, { kind: 'delay', ms: 3_600_000 });
  const answers = [t.throwsAsync(send(put)), t.throwsAsync(send(get))];
  await Promise.all([hold.reached, delay.reached]);
  await store.close();
  await Promise.all(answers);
  await store.close();
});

test('a wrong ETag is told, the right one is kept', async (t) => {
  const { store, send } = await startEmbedded(t);
  store.createBucket('bucket');
  store.faults.add({}, { kind: 'wrong-etag', etag: 'beef' });
  t.is((await send(put)).headers['etag'], '"beef"');
  t.not(store.current('bucket', 'key')?.etag, 'beef');
});

test('a body is cut short, seen by its length or, close-delimited, not seen at all', async (t) => {
  const { store, send } = await startEmbedded(t);
  store.createBucket('bucket');
  await send(put);
  store.faults.add({}, { kind: 'truncate', bytes: 2, framing: 'length' });
  await t.throwsAsync(send(get));
  store.faults.add({}, { kind: 'truncate', bytes: 2, framing: 'close' });
  const short = await send(get);
  t.is(short.status, 200);
  t.is(short.body.toString(), 'bo');
  t.is(short.headers['content-length'], undefined);
});

test('garbage comes in the place of XML', async (t) => {
  const { store, send } = await startEmbedded(t);
  store.createBucket('bucket');
  store.faults.add({ operation: 'ListObjectsV2' }, { kind: 'garbage', body: '<html>oops' });
  const answer = await send({ method: 'GET', target: '/bucket?list-type=2' });
  t.is(answer.status, 200);
  t.is(answer.body.toString(), '<html>oops');
});

test('a 200 may carry an error and mean that nothing happened', async (t) => {
  const { store, send } = await startEmbedded(t);
  store.createBucket('bucket');
  await send(put);
  store.faults.add({ operation: 'CopyObject' }, { kind: 'ok-with-error', code: 'InternalError' });
  const answer = await send({
    method: 'PUT',
    target: '/bucket/copy',
    headers: { 'x-amz-copy-source': 'bucket/key' },
  });
  t.is(answer.status, 200);
  t.is(answer.code, 'InternalError');
  t.is(store.current('bucket', 'copy'), undefined);
});

test('a completion may send white space before it commits', async (t) => {
  const { store, send } = await startEmbedded(t);
  store.createBucket('bucket');
  const begun = await send({ method: 'POST', target: '/bucket/key?uploads' });
  const id = textOf(parseXml(begun.body), 'UploadId') ?? '';
  const target = `/bucket/key?uploadId=${id}`;
  const part = await send({ method: 'PUT', target: `${target}&partNumber=1`, body: 'part' });
  const etag = String(part.headers['etag']);
  let release: (() => void) | undefined;
  const until = new Promise<void>((resolve) => {
    release = resolve;
  });
  const fault = store.faults.add(
    { operation: 'CompleteMultipartUpload' },
    { kind: 'white-space', everyMs: 5, until },
  );
  const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`;
  const completion = send({ method: 'POST', target, body });
  await fault.reached;
  t.is(store.current('bucket', 'key'), undefined);
  release?.();
  const answer = await completion;
  t.regex(answer.body.toString(), /^<\?xml[^>]*>\s+<CompleteMultipartUploadResult/);
  t.is(textOf(parseXml(answer.body), 'Key'), 'key');
  t.is(store.current('bucket', 'key')?.body.toString(), 'part');
});
