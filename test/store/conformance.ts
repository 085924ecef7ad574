// What an S3 store does, as tests that run against the embedded store and against a real one, so that the embedded
// one cannot drift from S3. Where real stores differ, `Features` says so and the difference itself is asserted.

import { createHash, createHmac } from 'node:crypto';
import type { S3Client } from '@aws-sdk/client-s3';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  PutObjectTaggingCommand,
  S3ServiceException,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { encodeAwsChunked } from '../../src/s3/aws-chunked.ts';
import type { ChecksumAlgorithm } from '../../src/s3/checksums.ts';
import { checksum, checksumHeader, compositeChecksum } from '../../src/s3/checksums.ts';
import {
  amzDate,
  ChunkSignatures,
  presignTarget,
  scopeOf,
  seedSignature,
  signingKey,
  signingScope,
  streamingSigned,
  streamingSignedTrailer,
  streamingUnsignedTrailer,
} from '../../src/s3/sigv4.ts';
import type { RawAnswer, RawRequest, StoreAddress } from './clients.ts';
import { bucketName, sdkClient, send, sendUnsigned, signedLines } from './clients.ts';

export interface Features {
  /** The form of the version ids it mints. */
  readonly versionId: RegExp;
  /** aws-chunked with trailers that are not signed, or signed; without it the answer is 400. */
  readonly trailers: boolean;
  /** `Transfer-Encoding: chunked` without a length; without it the answer is 411. */
  readonly chunkedWithoutLength: boolean;
  /** GET and HEAD with `partNumber`; without it the parameter is ignored. */
  readonly partNumber: boolean;
  /** A read of a marker names it (x-amz-delete-marker, x-amz-version-id); without it the answer is a plain 404. */
  readonly markerNamed: boolean;
  /** Status of a GET with a marker's version id. */
  readonly markerVersionStatus: 404 | 405;
  /** Object checksums are checked, kept and shown. */
  readonly checksums: boolean;
  /** A delete of a missing key on a versioned bucket makes a marker (MinIO: not). */
  readonly markerOnNothing: boolean;
  /** What `?versionId=` on a PUT does. */
  readonly dictatedVersionId: 'obeyed' | 'refused' | 'ignored';
  /** Status for a version id that the store cannot have minted. */
  readonly strangeVersionStatus: 400 | 404;
  /** Status of a PUT with `If-Match` where there is nothing. */
  readonly matchOnNothingStatus: 404 | 412;
  /** `If-Match` on PUT takes the ETag in its quotes; without it only the bare ETag matches. */
  readonly quotedMatchOnPut: boolean;
  /** A PUT on a suspended bucket answers with `x-amz-version-id: null`. */
  readonly suspendedPutNamed: boolean;
  /** A copy onto itself that changes nothing is refused. */
  readonly idleCopyRefused: boolean;
  /** PutObjectTagging's answer names the version. */
  readonly taggingNamesVersion: boolean;
  /** The least size of a part that is not the last. */
  readonly partSizeMin: number;
  /** The code for a version that is not there. */
  readonly missingVersionCode: 'NoSuchVersion' | 'NoSuchKey';
  /** A refusal of malformed XML has a code; without it the body is empty. */
  readonly malformedXmlNamed: boolean;
  /** The ETag in a copy's result has quotes. */
  readonly copyEtagQuoted: boolean;
  /** Conditions on a copy's source count; without it they are ignored. */
  readonly copyConditions: boolean;
  /** A completion's result names the ETag; without it the element is empty. */
  readonly completionEtag: boolean;
  /** Parts in the wrong order are refused; without it they are put in order. */
  readonly partOrderChecked: boolean;
  /** What a completion of an upload that never was gets. */
  readonly unknownUpload: { readonly code: string; readonly status: number };
  /** The code for the parts of an upload that was aborted. */
  readonly abortedUploadCode: 'NoSuchUpload' | 'NoSuchKey';
  /** `aws-chunked` is taken off the stored content encoding. */
  readonly chunkedEncodingDropped: boolean;
  /** On a versioned bucket a delete of tags without version id takes those of the current one; else it does nothing. */
  readonly currentTagsDeletable: boolean;
}

export interface ConformanceStore extends StoreAddress {
  readonly features: Features;
}

interface Bench {
  readonly t: ExecutionContext;
  readonly store: ConformanceStore;
  readonly features: Features;
  readonly client: S3Client;
  readonly bucket: string;
  readonly send: (raw: RawRequest) => Promise<RawAnswer>;
}

type Open = (t: ExecutionContext) => Promise<ConformanceStore>;

/** Declares every test of the suite; `open` is called once for each of them. */
export function declareConformance(name: string, open: Open): void {
  for (const [title, run] of Object.entries(suite)) {
    test(`${name}: ${title}`, async (t) => {
      const store = await open(t);
      const client = sdkClient(store);
      t.teardown(() => client.destroy());
      const bucket = bucketName();
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
      await run({
        t,
        store,
        features: store.features,
        client,
        bucket,
        send: (raw) => send(store, raw),
      });
    });
  }
}

async function put(bench: Bench, key: string, body: string, more: object = {}) {
  return bench.client.send(
    new PutObjectCommand({ Bucket: bench.bucket, Key: key, Body: body, ...more }),
  );
}

async function read(bench: Bench, key: string, more: object = {}) {
  const got = await bench.client.send(
    new GetObjectCommand({ Bucket: bench.bucket, Key: key, ...more }),
  );
  return { ...got, text: (await got.Body?.transformToString()) ?? '' };
}

async function setVersioning(bench: Bench, status: 'Enabled' | 'Suspended'): Promise<void> {
  await bench.client.send(
    new PutBucketVersioningCommand({
      Bucket: bench.bucket,
      VersioningConfiguration: { Status: status },
    }),
  );
}

async function versionsOf(bench: Bench) {
  const listed = await bench.client.send(new ListObjectVersionsCommand({ Bucket: bench.bucket }));
  return {
    versions: listed.Versions ?? [],
    markers: listed.DeleteMarkers ?? [],
  };
}

/** Asserts that the call fails with the S3 code and status. */
async function refused(
  { t }: Bench,
  call: Promise<unknown>,
  expected: { readonly code?: string; readonly status: number },
): Promise<void> {
  const error = await t.throwsAsync(call, { instanceOf: S3ServiceException });
  t.is(error?.$metadata.httpStatusCode, expected.status, error?.name);
  if (expected.code !== undefined) t.is(error?.name, expected.code);
}

function md5(text: string | Buffer): string {
  return createHash('md5').update(text).digest('hex');
}

async function beginUpload(bench: Bench, key: string, more: object = {}): Promise<string> {
  const { UploadId } = await bench.client.send(
    new CreateMultipartUploadCommand({ Bucket: bench.bucket, Key: key, ...more }),
  );
  return UploadId ?? '';
}

async function sendPart(
  bench: Bench,
  upload: { readonly key: string; readonly id: string },
  number: number,
  body: Buffer,
): Promise<{ PartNumber: number; ETag: string }> {
  const part = await bench.client.send(
    new UploadPartCommand({
      Bucket: bench.bucket,
      Key: upload.key,
      UploadId: upload.id,
      PartNumber: number,
      Body: body,
    }),
  );
  return { PartNumber: number, ETag: part.ETag ?? '' };
}

async function complete(
  bench: Bench,
  upload: { readonly key: string; readonly id: string },
  parts: readonly { PartNumber: number; ETag: string }[],
) {
  return bench.client.send(
    new CompleteMultipartUploadCommand({
      Bucket: bench.bucket,
      Key: upload.key,
      UploadId: upload.id,
      MultipartUpload: { Parts: [...parts] },
    }),
  );
}

const oddKeys = [
  'a b',
  'a+b',
  'a%20b',
  'a%2Fb',
  'a//b',
  '/lead',
  'trail/',
  'a/../b',
  './a',
  '..',
  'quote"\'<>&',
  'back\\slash',
  'semi;colon=equals?question#hash',
  'é-nfc',
  'e\u0301-nfd',
  'emoji-😀',
  'x'.repeat(1024),
];

function encodeKey(key: string): string {
  return encodeURIComponent(key)
    .replaceAll('%2F', '/')
    .replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

const suite: Readonly<Record<string, (bench: Bench) => Promise<void>>> = {
  'a bucket is made, found, listed, and goes when it is empty': async (bench) => {
    const { t, client, bucket } = bench;
    await client.send(new HeadBucketCommand({ Bucket: bucket }));
    const { Buckets } = await client.send(new ListBucketsCommand({}));
    t.true(Buckets?.some(({ Name }) => Name === bucket));
    const location = await client.send(new GetBucketLocationCommand({ Bucket: bucket }));
    t.true([undefined, '', 'default'].includes(location.LocationConstraint));
    await put(bench, 'a', '1');
    const remove = new DeleteBucketCommand({ Bucket: bucket });
    await refused(bench, client.send(remove), { code: 'BucketNotEmpty', status: 409 });
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'a' }));
    await client.send(remove);
    await refused(bench, client.send(new HeadBucketCommand({ Bucket: bucket })), { status: 404 });
    await refused(bench, put(bench, 'a', '1'), { code: 'NoSuchBucket', status: 404 });
  },

  'an object comes back with all that it was given': async (bench) => {
    const { t } = bench;
    const answer = await put(bench, 'a', 'hello', {
      ContentType: 'text/x',
      CacheControl: 'no-store',
      ContentDisposition: 'inline',
      ContentEncoding: 'identity',
      ContentLanguage: 'de',
      Metadata: { one: '1', two: 'b  c' },
    });
    t.is(answer.ETag, `"${md5('hello')}"`);
    t.is(answer.VersionId, undefined);
    const got = await read(bench, 'a');
    t.like(got, {
      text: 'hello',
      ETag: `"${md5('hello')}"`,
      ContentLength: 5,
      ContentType: 'text/x',
      CacheControl: 'no-store',
      ContentDisposition: 'inline',
      ContentEncoding: 'identity',
      ContentLanguage: 'de',
      AcceptRanges: 'bytes',
    });
    t.is(got.Metadata?.['one'], '1');
    t.true(Math.abs((got.LastModified?.getTime() ?? 0) - Date.now()) < 120_000);
    const head = await bench.client.send(new HeadObjectCommand({ Bucket: bench.bucket, Key: 'a' }));
    t.like(head, { ContentLength: 5, ContentType: 'text/x', ETag: got.ETag });
    await put(bench, 'a', 'again');
    t.is((await read(bench, 'a')).text, 'again');
  },

  'a missing object is 404, with a body for GET alone': async ({ t, bucket, send: raw }) => {
    const got = await raw({ method: 'GET', target: `/${bucket}/none` });
    t.is(got.status, 404);
    t.is(got.code, 'NoSuchKey');
    t.truthy(got.headers['x-amz-request-id']);
    const head = await raw({ method: 'HEAD', target: `/${bucket}/none` });
    t.is(head.status, 404);
    t.is(head.body.length, 0);
  },

  'response parameters override headers': async (bench) => {
    await put(bench, 'a', 'hello');
    const got = await read(bench, 'a', {
      ResponseContentType: 'x/y',
      ResponseCacheControl: 'private',
      ResponseContentDisposition: 'attachment',
    });
    bench.t.like(got, {
      ContentType: 'x/y',
      CacheControl: 'private',
      ContentDisposition: 'attachment',
    });
  },

  'odd keys are stored, read, listed and removed byte for byte': async (bench) => {
    const { t, client, bucket } = bench;
    // Windows of a few, so that a slow store is not asked for all at once.
    for (const key of oddKeys) {
      const target = `/${bucket}/${encodeKey(key)}`;
      // oxlint-disable-next-line no-await-in-loop -- one key at a time
      const wrote = await bench.send({ method: 'PUT', target, body: key });
      t.is(wrote.status, 200, key);
      // oxlint-disable-next-line no-await-in-loop -- one key at a time
      const got = await bench.send({ method: 'GET', target });
      t.is(got.body.toString(), key);
    }
    const listed = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, EncodingType: 'url' }),
    );
    const keys = listed.Contents?.map(({ Key }) =>
      decodeURIComponent((Key ?? '').replaceAll('+', '%20')),
    );
    const expected = oddKeys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    t.deepEqual(keys, expected);
    const removed = await client.send(
      new DeleteObjectsCommand({
        Bucket: bucket,
        Delete: { Objects: oddKeys.map((Key) => ({ Key })) },
      }),
    );
    t.is(removed.Deleted?.length, oddKeys.length);
    const rest = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    t.is(rest.KeyCount, 0);
  },

  'a key of more than 1024 bytes is refused': async (bench) => {
    const target = `/${bench.bucket}/${'x'.repeat(1025)}`;
    const answer = await bench.send({ method: 'PUT', target, body: 'x' });
    bench.t.is(answer.status, 400);
    bench.t.regex(answer.code ?? '', /^KeyTooLongError$|^InvalidObjectName$/);
  },

  'metadata is kept as bytes': async ({ t, bucket, send: raw }) => {
    const value = Buffer.from('grüße 😀').toString('latin1');
    const target = `/${bucket}/m`;
    const headers = { 'x-amz-meta-a': value, 'x-amz-meta-b': '=?UTF-8?B?w6k=?=' };
    t.is((await raw({ method: 'PUT', target, headers, body: 'x' })).status, 200);
    const got = await raw({ method: 'HEAD', target });
    t.is(got.headers['x-amz-meta-a'], value);
    t.is(got.headers['x-amz-meta-b'], '=?UTF-8?B?w6k=?=');
  },

  'ranges give their part, and one beyond the end is 416': async (bench) => {
    const { t } = bench;
    await put(bench, 'r', '0123456789');
    const part = await read(bench, 'r', { Range: 'bytes=2-4' });
    t.like(part, { text: '234', ContentRange: 'bytes 2-4/10', ContentLength: 3 });
    t.is(part.$metadata.httpStatusCode, 206);
    t.like(await read(bench, 'r', { Range: 'bytes=-3' }), { text: '789' });
    t.like(await read(bench, 'r', { Range: 'bytes=8-' }), { text: '89' });
    t.like(await read(bench, 'r', { Range: 'bytes=8-100' }), { text: '89' });
    await refused(bench, read(bench, 'r', { Range: 'bytes=10-' }), {
      code: 'InvalidRange',
      status: 416,
    });
  },

  'conditions on reads decide between 200, 304 and 412': async (bench) => {
    const { t } = bench;
    const { ETag } = await put(bench, 'c', 'x');
    const past = new Date(Date.now() - 3_600_000);
    const future = new Date(Date.now() + 3_600_000);
    t.is((await read(bench, 'c', { IfMatch: ETag })).text, 'x');
    await refused(bench, read(bench, 'c', { IfMatch: '"other"' }), { status: 412 });
    await refused(bench, read(bench, 'c', { IfNoneMatch: ETag }), { status: 304 });
    t.is((await read(bench, 'c', { IfNoneMatch: '"other"' })).text, 'x');
    t.is((await read(bench, 'c', { IfModifiedSince: past })).text, 'x');
    await refused(bench, read(bench, 'c', { IfUnmodifiedSince: past }), { status: 412 });
    t.is((await read(bench, 'c', { IfUnmodifiedSince: future })).text, 'x');
  },

  'conditional writes see what is there': async (bench) => {
    const { t, features } = bench;
    const { ETag } = await put(bench, 'w', '1', { IfNoneMatch: '*' });
    const failed = { code: 'PreconditionFailed', status: 412 };
    await refused(bench, put(bench, 'w', '2', { IfNoneMatch: '*' }), failed);
    await refused(bench, put(bench, 'w', '2', { IfMatch: '"other"' }), failed);
    await refused(bench, put(bench, 'none', '2', { IfMatch: ETag }), {
      status: features.matchOnNothingStatus,
    });
    t.is((await read(bench, 'w')).text, '1');
    if (!features.quotedMatchOnPut)
      await refused(bench, put(bench, 'w', '2', { IfMatch: ETag }), failed);
    const right = features.quotedMatchOnPut ? ETag : md5('1');
    await put(bench, 'w', '2', { IfMatch: right });
    t.is((await read(bench, 'w')).text, '2');
  },

  'Content-MD5 is checked': async (bench) => {
    const good = createHash('md5').update('x').digest('base64');
    await put(bench, 'm', 'x', { ContentMD5: good });
    const bad = createHash('md5').update('y').digest('base64');
    await refused(bench, put(bench, 'm', 'x', { ContentMD5: bad }), {
      code: 'BadDigest',
      status: 400,
    });
    await refused(bench, put(bench, 'm', 'x', { ContentMD5: 'nonsense' }), {
      code: 'InvalidDigest',
      status: 400,
    });
  },

  'a body other than the signed one is refused': async (bench) => {
    const raw = { method: 'PUT', target: `/${bench.bucket}/s`, body: 'good' };
    const lines = signedLines(bench.store, raw);
    const headers = Object.fromEntries(lines.map(({ name, value }) => [name, value]));
    const answer = await sendUnsigned(bench.store, { ...raw, headers, body: 'evil' });
    bench.t.is(answer.status, 400);
    bench.t.is(answer.code, 'XAmzContentSHA256Mismatch');
    bench.t.is((await bench.send({ method: 'GET', target: raw.target })).status, 404);
  },

  'requests that are signed wrongly, late or not at all are refused': async (bench) => {
    const { t, store, bucket } = bench;
    const raw = { method: 'GET', target: `/${bucket}?list-type=2` };
    t.is((await sendUnsigned(store, raw)).status, 403);
    const secret = { ...store, credentials: { ...store.credentials, secretKey: 'wrong' } };
    const wrong = await send(secret, raw);
    t.is(wrong.status, 403);
    t.is(wrong.code, 'SignatureDoesNotMatch');
    const unknown = { ...store, credentials: { accessKey: 'nobody', secretKey: 'x' } };
    t.is((await send(unknown, raw)).code, 'InvalidAccessKeyId');
    const late = await send(store, { ...raw, at: new Date(Date.now() - 20 * 60_000) });
    t.is(late.status, 403);
    t.is(late.code, 'RequestTimeTooSkewed');
  },

  'presigned targets work for GET and PUT until they expire': async ({ t, store, bucket }) => {
    const presign = (method: string, at: Date, key: string): string =>
      presignTarget({
        method,
        target: `/${bucket}/${key}`,
        headers: [{ name: 'host', value: new URL(store.url).host }],
        credentials: store.credentials,
        region: store.region,
        at,
        expiresSeconds: 60,
      });
    const now = new Date();
    const wrote = await sendUnsigned(store, {
      method: 'PUT',
      target: presign('PUT', now, 'a%20b'),
      body: 'signed',
    });
    t.is(wrote.status, 200);
    const got = await sendUnsigned(store, { method: 'GET', target: presign('GET', now, 'a%20b') });
    t.is(got.body.toString(), 'signed');
    const old = presign('GET', new Date(Date.now() - 120_000), 'a%20b');
    const expired = await sendUnsigned(store, { method: 'GET', target: old });
    t.is(expired.status, 403);
    t.is(expired.code, 'AccessDenied');
    const other = presign('GET', now, 'a%20b').replace('a%20b', 'c');
    t.is((await sendUnsigned(store, { method: 'GET', target: other })).status, 403);
  },

  'aws-chunked bodies with signed chunks are taken, and refused when a byte was changed': async (
    bench,
  ) => {
    const { t, store, bucket, features } = bench;
    const payload = Buffer.alloc(150_000, 'abc');
    const target = `/${bucket}/chunked`;
    const upload = async (spoil: boolean): Promise<RawAnswer> => {
      const at = new Date();
      const headers = {
        'content-encoding': 'aws-chunked',
        'x-amz-decoded-content-length': String(payload.length),
      };
      const lines = signedLines(store, {
        method: 'PUT',
        target,
        headers,
        payloadHash: streamingSigned,
        at,
      });
      const body = encodeAwsChunked(payload, {
        chunkBytes: 65_536,
        signatures: new ChunkSignatures(
          signingScope({ credentials: store.credentials, region: store.region, at }),
          seedSignature(lines),
        ),
      });
      if (spoil) body[70_000] = 0x5a;
      return sendUnsigned(store, {
        method: 'PUT',
        target,
        headers: Object.fromEntries(lines.map(({ name, value }) => [name, value])),
        body,
      });
    };
    const spoilt = await upload(true);
    t.is(spoilt.status, 403);
    t.is(spoilt.code, 'SignatureDoesNotMatch');
    t.is((await bench.send({ method: 'GET', target })).status, 404);
    t.is((await upload(false)).status, 200);
    const got = await bench.send({ method: 'GET', target });
    t.true(got.body.equals(payload));
    t.is(
      got.headers['content-encoding'],
      features.chunkedEncodingDropped ? undefined : 'aws-chunked',
    );
  },

  'aws-chunked bodies with trailers carry their checksum at the end': async (bench) => {
    const { t, store, bucket, features } = bench;
    const payload = Buffer.from('trailing checksum');
    const upload = async (payloadHash: string, sum: string): Promise<RawAnswer> => {
      const at = new Date();
      const target = `/${bucket}/trailer`;
      const lines = signedLines(store, {
        method: 'PUT',
        target,
        headers: {
          'content-encoding': 'aws-chunked',
          'x-amz-decoded-content-length': String(payload.length),
          'x-amz-trailer': 'x-amz-checksum-crc32c',
        },
        payloadHash,
        at,
      });
      const trailers = [{ name: 'x-amz-checksum-crc32c', value: sum }];
      const scope = signingScope({ credentials: store.credentials, region: store.region, at });
      const signatures = new ChunkSignatures(scope, seedSignature(lines));
      const body = encodeAwsChunked(payload, {
        chunkBytes: 10,
        trailers,
        ...(payloadHash === streamingSignedTrailer ? { signatures } : {}),
      });
      return sendUnsigned(store, {
        method: 'PUT',
        target,
        headers: Object.fromEntries(lines.map(({ name, value }) => [name, value])),
        body,
      });
    };
    const good = checksum('CRC32C', payload);
    if (!features.trailers) {
      t.is((await upload(streamingUnsignedTrailer, good)).status, 400);
      return;
    }
    for (const kind of [streamingUnsignedTrailer, streamingSignedTrailer]) {
      // oxlint-disable-next-line no-await-in-loop -- one kind after the other
      const bad = await upload(kind, checksum('CRC32C', Buffer.from('other')));
      t.is(bad.code, 'BadDigest', kind);
      // oxlint-disable-next-line no-await-in-loop -- one kind after the other
      t.is((await upload(kind, good)).status, 200, kind);
    }
    const head = await bench.send({
      method: 'HEAD',
      target: `/${bucket}/trailer`,
      headers: { 'x-amz-checksum-mode': 'ENABLED' },
    });
    t.is(head.headers['x-amz-checksum-crc32c'], good);
  },

  'a body in plain chunks without a length': async (bench) => {
    const { t, store, bucket, features } = bench;
    const raw = { method: 'PUT', target: `/${bucket}/te`, payloadHash: 'UNSIGNED-PAYLOAD' };
    const lines = signedLines(store, raw);
    const answer = await sendUnsigned(store, {
      ...raw,
      headers: Object.fromEntries(lines.map(({ name, value }) => [name, value])),
      body: twoPieces(),
    });
    t.is(answer.status, features.chunkedWithoutLength ? 200 : 411);
    const got = await bench.send({ method: 'GET', target: raw.target });
    if (features.chunkedWithoutLength) t.is(got.body.toString(), 'one two');
    else t.is(got.status, 404);
  },

  'object checksums are checked, kept and shown on demand': async (bench) => {
    const { t, features, bucket, send: raw } = bench;
    const algorithms: ChecksumAlgorithm[] = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'];
    const body = Buffer.from('checksum me');
    for (const algorithm of algorithms) {
      const target = `/${bucket}/${algorithm}`;
      const name = checksumHeader(algorithm);
      const wrong = { [name]: checksum(algorithm, Buffer.from('other')) };
      // oxlint-disable-next-line no-await-in-loop -- one algorithm after the other
      const bad = await raw({ method: 'PUT', target, headers: wrong, body });
      t.is(bad.status, features.checksums ? 400 : 200, algorithm);
      const right = { [name]: checksum(algorithm, body) };
      // oxlint-disable-next-line no-await-in-loop -- one algorithm after the other
      t.is((await raw({ method: 'PUT', target, headers: right, body })).status, 200);
      const mode = { 'x-amz-checksum-mode': 'ENABLED' };
      // oxlint-disable-next-line no-await-in-loop -- one algorithm after the other
      const head = await raw({ method: 'HEAD', target, headers: mode });
      t.is(head.headers[name], features.checksums ? right[name] : undefined);
    }
  },

  'a copy takes metadata and tags along, or replaces them': async (bench) => {
    const { t, client, bucket, features } = bench;
    await put(bench, 'from/ä b', 'copy me', {
      ContentType: 'a/b',
      Metadata: { m: '1' },
      Tagging: 'k=v',
    });
    const source = `${bucket}/${encodeKey('from/ä b')}`;
    const copied = await client.send(
      new CopyObjectCommand({ Bucket: bucket, Key: 'to', CopySource: source }),
    );
    const etag = md5('copy me');
    t.is(copied.CopyObjectResult?.ETag, features.copyEtagQuoted ? `"${etag}"` : etag);
    const to = await read(bench, 'to');
    t.like(to, { text: 'copy me', ContentType: 'a/b', Metadata: { m: '1' } });
    const replaced = new CopyObjectCommand({
      Bucket: bucket,
      Key: 'to2',
      CopySource: source,
      MetadataDirective: 'REPLACE',
      ContentType: 'c/d',
      Metadata: { n: '2' },
    });
    await client.send(replaced);
    const to2 = await read(bench, 'to2');
    t.like(to2, { text: 'copy me', ContentType: 'c/d' });
    t.deepEqual(to2.Metadata, { n: '2' });
    await refused(
      bench,
      client.send(
        new CopyObjectCommand({ Bucket: bucket, Key: 'x', CopySource: `${bucket}/missing` }),
      ),
      { code: 'NoSuchKey', status: 404 },
    );
  },

  'a copy onto itself must change something': async (bench) => {
    const { t, client, bucket, features } = bench;
    await put(bench, 'self', 'me', { Metadata: { a: '1' } });
    const onto = { Bucket: bucket, Key: 'self', CopySource: `${bucket}/self` };
    if (features.idleCopyRefused) {
      await refused(bench, client.send(new CopyObjectCommand(onto)), {
        code: 'InvalidRequest',
        status: 400,
      });
    } else {
      await client.send(new CopyObjectCommand(onto));
    }
    await client.send(
      new CopyObjectCommand({ ...onto, MetadataDirective: 'REPLACE', Metadata: { b: '2' } }),
    );
    const got = await read(bench, 'self');
    t.is(got.text, 'me');
    t.deepEqual(got.Metadata, { b: '2' });
  },

  'conditions on a copy are about its source': async (bench) => {
    const { t, client, bucket, features } = bench;
    const { ETag } = await put(bench, 'a', 'x');
    const copy = { Bucket: bucket, Key: 'b', CopySource: `${bucket}/a` };
    await client.send(new CopyObjectCommand({ ...copy, CopySourceIfMatch: ETag }));
    if (!features.copyConditions) {
      const ignored = new CopyObjectCommand({ ...copy, CopySourceIfMatch: '"other"' });
      t.is((await client.send(ignored)).$metadata.httpStatusCode, 200);
      return;
    }
    const other = new CopyObjectCommand({ ...copy, CopySourceIfMatch: '"other"' });
    await refused(bench, client.send(other), { code: 'PreconditionFailed', status: 412 });
    const none = new CopyObjectCommand({ ...copy, CopySourceIfNoneMatch: ETag });
    await refused(bench, client.send(none), { status: 412 });
  },

  'listings go by prefix, delimiter and page, in the order of UTF-8 bytes': async (bench) => {
    const { t, client, bucket } = bench;
    const keys = ['a', 'b/1', 'b/2', 'c/x/1', 'd', '\ue000', '😀'];
    await Promise.all(keys.map((key) => put(bench, key, 'x')));
    const all = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    t.deepEqual(
      all.Contents?.map(({ Key }) => Key),
      keys,
    );
    t.like(all, { KeyCount: 7, IsTruncated: false });
    const dirs = await client.send(new ListObjectsV2Command({ Bucket: bucket, Delimiter: '/' }));
    t.deepEqual(
      dirs.CommonPrefixes?.map(({ Prefix }) => Prefix),
      ['b/', 'c/'],
    );
    const inside = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: 'c/', Delimiter: '/' }),
    );
    t.deepEqual(
      inside.CommonPrefixes?.map(({ Prefix }) => Prefix),
      ['c/x/'],
    );
    const after = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, StartAfter: 'c/x/1' }),
    );
    t.deepEqual(
      after.Contents?.map(({ Key }) => Key),
      ['d', '\ue000', '😀'],
    );
    const paged: string[] = [];
    let token: string | undefined;
    do {
      // oxlint-disable-next-line no-await-in-loop -- each page names the next
      const page = await client.send(
        new ListObjectsV2Command({
          Bucket: bucket,
          MaxKeys: 2,
          Delimiter: '/',
          ...(token === undefined ? {} : { ContinuationToken: token }),
        }),
      );
      t.true((page.KeyCount ?? 0) <= 2);
      for (const { Key } of page.Contents ?? []) paged.push(Key ?? '');
      for (const { Prefix } of page.CommonPrefixes ?? []) paged.push(Prefix ?? '');
      token = page.NextContinuationToken;
    } while (token !== undefined);
    t.deepEqual(paged.toSorted(), ['a', 'b/', 'c/', 'd', '\ue000', '😀'].toSorted());
  },

  'the old listing pages by marker': async (bench) => {
    const { t, client, bucket } = bench;
    await Promise.all(['a', 'b/1', 'b/2', 'c'].map((key) => put(bench, key, 'x')));
    const list = async (more: object) =>
      client.send(new ListObjectsCommand({ Bucket: bucket, ...more }));
    const first = await list({ MaxKeys: 2, Delimiter: '/' });
    t.like(first, { IsTruncated: true, NextMarker: 'b/' });
    t.deepEqual(
      first.Contents?.map(({ Key }) => Key),
      ['a'],
    );
    const second = await list({ MaxKeys: 2, Delimiter: '/', Marker: 'b/' });
    t.deepEqual(
      second.Contents?.map(({ Key }) => Key),
      ['c'],
    );
    t.is(second.CommonPrefixes, undefined);
    const plain = await list({ Marker: 'b/1' });
    t.deepEqual(
      plain.Contents?.map(({ Key }) => Key),
      ['b/2', 'c'],
    );
    t.true(plain.Contents?.every(({ ETag, Size }) => ETag === `"${md5('x')}"` && Size === 1));
  },

  'each write on a versioned bucket is a version of its own': async (bench) => {
    const { t, client, bucket, features } = bench;
    await setVersioning(bench, 'Enabled');
    const state = await client.send(new GetBucketVersioningCommand({ Bucket: bucket }));
    t.is(state.Status, 'Enabled');
    const one = await put(bench, 'v', 'one');
    const two = await put(bench, 'v', 'two');
    t.regex(one.VersionId ?? '', features.versionId);
    t.not(one.VersionId, two.VersionId);
    t.like(await read(bench, 'v'), { text: 'two', VersionId: two.VersionId ?? '' });
    t.is((await read(bench, 'v', { VersionId: one.VersionId })).text, 'one');
    const { versions } = await versionsOf(bench);
    t.deepEqual(
      versions.map(({ VersionId, IsLatest }) => [VersionId, IsLatest]),
      [
        [two.VersionId, true],
        [one.VersionId, false],
      ],
    );
    await client.send(
      new DeleteObjectCommand({ Bucket: bucket, Key: 'v', VersionId: two.VersionId }),
    );
    t.is((await read(bench, 'v')).text, 'one');
    await refused(bench, read(bench, 'v', { VersionId: two.VersionId }), {
      code: features.missingVersionCode,
      status: 404,
    });
  },

  'a version id that the store cannot have minted': async (bench) => {
    await setVersioning(bench, 'Enabled');
    await put(bench, 'v', 'one');
    await refused(bench, read(bench, 'v', { VersionId: 'strange' }), {
      status: bench.features.strangeVersionStatus,
    });
  },

  'a delete on a versioned bucket is a marker, which can itself be removed': async (bench) => {
    const { t, client, bucket, features } = bench;
    await setVersioning(bench, 'Enabled');
    const one = await put(bench, 'm', 'one');
    const target = { Bucket: bucket, Key: 'm' };
    const removed = await client.send(new DeleteObjectCommand(target));
    t.true(removed.DeleteMarker);
    t.regex(removed.VersionId ?? '', features.versionId);
    const plain = await bench.send({ method: 'GET', target: `/${bucket}/m` });
    t.is(plain.status, 404);
    t.is(plain.code, 'NoSuchKey');
    t.is(plain.headers['x-amz-delete-marker'], features.markerNamed ? 'true' : undefined);
    const named = await bench.send({
      method: 'HEAD',
      target: `/${bucket}/m?versionId=${encodeURIComponent(removed.VersionId ?? '')}`,
    });
    t.is(named.status, features.markerVersionStatus);
    const { versions, markers } = await versionsOf(bench);
    t.like(markers, [{ Key: 'm', VersionId: removed.VersionId ?? '', IsLatest: true }]);
    t.like(versions, [{ VersionId: one.VersionId ?? '', IsLatest: false }]);
    t.is((await read(bench, 'm', { VersionId: one.VersionId })).text, 'one');
    const undone = await client.send(
      new DeleteObjectCommand({ ...target, VersionId: removed.VersionId }),
    );
    t.true(undone.DeleteMarker);
    t.is((await read(bench, 'm')).text, 'one');
  },

  'a delete of nothing on a versioned bucket': async (bench) => {
    const { t, client, bucket, features } = bench;
    await setVersioning(bench, 'Enabled');
    const removed = await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'none' }));
    t.is(removed.$metadata.httpStatusCode, 204);
    t.is((await versionsOf(bench)).markers.length, features.markerOnNothing ? 1 : 0);
  },

  'a suspended bucket keeps one null version': async (bench) => {
    const { t, client, bucket, features } = bench;
    await put(bench, 's', 'before');
    await setVersioning(bench, 'Enabled');
    const kept = await put(bench, 's', 'kept');
    await setVersioning(bench, 'Suspended');
    const first = await put(bench, 's', 'null 1');
    t.is(first.VersionId, features.suspendedPutNamed ? 'null' : undefined);
    await put(bench, 's', 'null 2');
    const { versions } = await versionsOf(bench);
    t.deepEqual(
      versions.map(({ VersionId, IsLatest }) => [VersionId, IsLatest]),
      [
        ['null', true],
        [kept.VersionId, false],
      ],
    );
    t.is((await read(bench, 's', { VersionId: 'null' })).text, 'null 2');
    const removed = await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 's' }));
    t.true(removed.DeleteMarker);
    const after = await versionsOf(bench);
    t.like(after.markers, [{ VersionId: 'null', IsLatest: true }]);
    t.deepEqual(
      after.versions.map(({ VersionId }) => VersionId),
      [kept.VersionId],
    );
  },

  'versions are listed in pages, newest first within a key': async (bench) => {
    const { t, client, bucket } = bench;
    await setVersioning(bench, 'Enabled');
    const ids: (string | undefined)[] = [];
    for (const key of ['a', 'a', 'a', 'b', 'b', 'c']) {
      // oxlint-disable-next-line no-await-in-loop -- the order is what is tested
      ids.push((await put(bench, key, `${ids.length}`)).VersionId);
    }
    const listed: (string | undefined)[] = [];
    let markers: { KeyMarker?: string; VersionIdMarker?: string } = {};
    for (let page = 0; page < 10; page++) {
      // oxlint-disable-next-line no-await-in-loop -- each page names the next
      const answer = await client.send(
        new ListObjectVersionsCommand({ Bucket: bucket, MaxKeys: 2, ...markers }),
      );
      listed.push(...(answer.Versions ?? []).map(({ VersionId }) => VersionId));
      if (answer.IsTruncated !== true) break;
      markers = {
        KeyMarker: answer.NextKeyMarker ?? '',
        ...(answer.NextVersionIdMarker === undefined
          ? {}
          : { VersionIdMarker: answer.NextVersionIdMarker }),
      };
    }
    t.deepEqual(listed, [ids[2], ids[1], ids[0], ids[4], ids[3], ids[5]]);
  },

  'a version id on a PUT': async (bench) => {
    const { t, bucket, features } = bench;
    await setVersioning(bench, 'Enabled');
    const wanted = '0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d';
    const target = `/${bucket}/d?versionId=${wanted}`;
    const answer = await bench.send({ method: 'PUT', target, body: 'x' });
    const { versions } = await versionsOf(bench);
    if (features.dictatedVersionId === 'refused') {
      t.is(answer.status, 400);
      t.is(versions.length, 0);
      return;
    }
    t.is(answer.status, 200);
    t.is(versions.length, 1);
    t.is(answer.headers['x-amz-version-id'], versions[0]?.VersionId);
    t.is(versions[0]?.VersionId === wanted, features.dictatedVersionId === 'obeyed');
  },

  'many are deleted at once, with markers, versions and quietly': async (bench) => {
    const { t, client, bucket, features } = bench;
    await put(bench, 'a', '1');
    const plain = await client.send(
      new DeleteObjectsCommand({
        Bucket: bucket,
        Delete: { Objects: [{ Key: 'a' }, { Key: 'missing' }] },
      }),
    );
    t.deepEqual(plain.Deleted?.map(({ Key }) => Key).toSorted(), ['a', 'missing']);
    t.is(plain.Errors, undefined);
    await setVersioning(bench, 'Enabled');
    const b = await put(bench, 'b', '1');
    await put(bench, 'c', '1');
    const mixed = await client.send(
      new DeleteObjectsCommand({
        Bucket: bucket,
        Delete: { Objects: [{ Key: 'b', VersionId: b.VersionId ?? '' }, { Key: 'c' }] },
      }),
    );
    const [gone, marked] = ['b', 'c'].map((key) => mixed.Deleted?.find(({ Key }) => Key === key));
    t.is(gone?.VersionId, b.VersionId);
    t.falsy(gone?.DeleteMarker);
    t.true(marked?.DeleteMarker);
    t.regex(marked?.DeleteMarkerVersionId ?? '', features.versionId);
    await put(bench, 'd', '1');
    const quiet = await client.send(
      new DeleteObjectsCommand({
        Bucket: bucket,
        Delete: { Objects: [{ Key: 'd' }], Quiet: true },
      }),
    );
    t.is(quiet.Deleted, undefined);
    await refused(bench, read(bench, 'd'), { code: 'NoSuchKey', status: 404 });
  },

  'a deletion list that is no XML is refused': async (bench) => {
    const body = '<Delete><Object>';
    const answer = await bench.send({
      method: 'POST',
      target: `/${bench.bucket}?delete`,
      headers: { 'content-md5': createHash('md5').update(body).digest('base64') },
      body,
    });
    bench.t.is(answer.status, 400);
    bench.t.is(answer.code, bench.features.malformedXmlNamed ? 'MalformedXML' : undefined);
  },

  'tags are put, read and removed, of an old version too': async (bench) => {
    const { t, client, bucket, features } = bench;
    await setVersioning(bench, 'Enabled');
    const old = await put(bench, 't', '1', { Tagging: 'a=1&b=x%20y' });
    await put(bench, 't', '2');
    const target = { Bucket: bucket, Key: 't' };
    const got = await client.send(
      new GetObjectTaggingCommand({ ...target, VersionId: old.VersionId }),
    );
    t.deepEqual(
      got.TagSet?.toSorted((x, y) => (x.Key ?? '').localeCompare(y.Key ?? '')),
      [
        { Key: 'a', Value: '1' },
        { Key: 'b', Value: 'x y' },
      ],
    );
    t.is((await read(bench, 't', { VersionId: old.VersionId })).TagCount, 2);
    t.deepEqual((await client.send(new GetObjectTaggingCommand(target))).TagSet ?? [], []);
    const tagged = await client.send(
      new PutObjectTaggingCommand({ ...target, Tagging: { TagSet: [{ Key: 'n', Value: '' }] } }),
    );
    t.is(tagged.VersionId !== undefined, features.taggingNamesVersion);
    t.deepEqual((await client.send(new GetObjectTaggingCommand(target))).TagSet, [
      { Key: 'n', Value: '' },
    ]);
    await client.send(new DeleteObjectTaggingCommand(target));
    if (!features.currentTagsDeletable) {
      t.is((await client.send(new GetObjectTaggingCommand(target))).TagSet?.length, 1);
      const { VersionId } = await read(bench, 't');
      await client.send(new DeleteObjectTaggingCommand({ ...target, VersionId }));
    }
    t.deepEqual((await client.send(new GetObjectTaggingCommand(target))).TagSet ?? [], []);
    const many = Array.from({ length: 11 }, (_, at) => ({ Key: `k${at}`, Value: 'v' }));
    const tooMany = client.send(
      new PutObjectTaggingCommand({ ...target, Tagging: { TagSet: many } }),
    );
    await refused(bench, tooMany, { status: 400 });
  },

  'a multipart upload becomes an object with its parts': async (bench) => {
    const { t, client, bucket, features } = bench;
    const key = 'multi/ä';
    const id = await beginUpload(bench, key, { ContentType: 'm/p', Metadata: { a: 'b' } });
    const upload = { key, id };
    const size = Math.max(features.partSizeMin, 1024);
    const bodies = [Buffer.alloc(size, 'a'), Buffer.alloc(size, 'b'), Buffer.alloc(7, 'c')];
    const second = await sendPart(bench, upload, 5, bodies[1] ?? Buffer.alloc(0));
    const first = await sendPart(bench, upload, 2, bodies[0] ?? Buffer.alloc(0));
    const third = await sendPart(bench, upload, 9, bodies[2] ?? Buffer.alloc(0));
    const uploads = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    t.like(uploads.Uploads, [{ Key: key, UploadId: id }]);
    const parts = await client.send(
      new ListPartsCommand({ Bucket: bucket, Key: key, UploadId: id, MaxParts: 2 }),
    );
    t.deepEqual(
      parts.Parts?.map(({ PartNumber, Size, ETag }) => [PartNumber, Size, ETag]),
      [
        [2, size, first.ETag],
        [5, size, second.ETag],
      ],
    );
    t.true(parts.IsTruncated);
    const done = await complete(bench, upload, [first, second, third]);
    const digests = Buffer.concat(bodies.map((body) => Buffer.from(md5(body), 'hex')));
    const etag = `"${md5(digests)}-3"`;
    t.is(done.ETag, features.completionEtag ? etag : '');
    const got = await read(bench, key);
    t.is(got.text, Buffer.concat(bodies).toString());
    t.like(got, { ContentType: 'm/p', Metadata: { a: 'b' }, ETag: etag });
    const after = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    t.is(after.Uploads, undefined);
    const part = await bench.send({
      method: 'HEAD',
      target: `/${bucket}/${encodeKey(key)}?partNumber=2`,
    });
    t.is(part.status, features.partNumber ? 206 : 200);
    t.is(part.headers['content-length'], String(features.partNumber ? size : 2 * size + 7));
    t.is(part.headers['x-amz-mp-parts-count'], features.partNumber ? '3' : undefined);
  },

  'a completion with wrong parts is refused, and the upload stays': async (bench) => {
    const { t, client, bucket, features } = bench;
    const upload = { key: 'm', id: await beginUpload(bench, 'm') };
    const size = Math.max(features.partSizeMin, 10);
    const one = await sendPart(bench, upload, 1, Buffer.alloc(size, '1'));
    const two = await sendPart(bench, upload, 2, Buffer.alloc(10, '2'));
    const strange = { PartNumber: 3, ETag: two.ETag };
    await refused(bench, complete(bench, upload, [one, strange]), {
      code: 'InvalidPart',
      status: 400,
    });
    await refused(bench, complete(bench, { ...upload, id: 'none' }, [one]), features.unknownUpload);
    if (features.partOrderChecked) {
      await refused(bench, complete(bench, upload, [two, one]), {
        code: 'InvalidPartOrder',
        status: 400,
      });
      await complete(bench, upload, [one, two]);
    } else {
      await complete(bench, upload, [two, one]);
    }
    t.is((await read(bench, 'm')).ContentLength, size + 10);
    const aborted = { key: 'm', id: await beginUpload(bench, 'm') };
    const abort = { Bucket: bucket, Key: 'm', UploadId: aborted.id };
    const gone = await client.send(new AbortMultipartUploadCommand(abort));
    t.is(gone.$metadata.httpStatusCode, 204);
    await refused(bench, client.send(new ListPartsCommand(abort)), {
      code: features.abortedUploadCode,
      status: 404,
    });
  },

  'a part is copied from a range of another object': async (bench) => {
    const { t, client, bucket } = bench;
    await put(bench, 'source', '0123456789');
    const upload = { key: 'copied', id: await beginUpload(bench, 'copied') };
    const part = await client.send(
      new UploadPartCopyCommand({
        Bucket: bucket,
        Key: 'copied',
        UploadId: upload.id,
        PartNumber: 1,
        CopySource: `${bucket}/source`,
        CopySourceRange: 'bytes=2-5',
      }),
    );
    const etag = part.CopyPartResult?.ETag ?? '';
    t.is(etag.replaceAll('"', ''), md5('2345'));
    await complete(bench, upload, [{ PartNumber: 1, ETag: etag }]);
    t.is((await read(bench, 'copied')).text, '2345');
  },

  'a multipart object has a composite or a full checksum': async (bench) => {
    const { t, client, bucket, features } = bench;
    if (!features.checksums) {
      const upload = await client.send(
        new CreateMultipartUploadCommand({
          Bucket: bucket,
          Key: 'm',
          ChecksumAlgorithm: 'CRC32C',
        }),
      );
      t.is(upload.ChecksumAlgorithm, undefined);
      return;
    }
    const size = Math.max(features.partSizeMin, 100);
    const bodies = [Buffer.alloc(size, 'x'), Buffer.alloc(50, 'y')];
    for (const type of ['COMPOSITE', 'FULL_OBJECT'] as const) {
      const key = `m-${type}`;
      // oxlint-disable-next-line no-await-in-loop -- one type after the other
      const id = await beginUpload(bench, key, {
        ChecksumAlgorithm: 'CRC32C',
        ChecksumType: type,
      });
      const upload = { key, id };
      // oxlint-disable-next-line no-await-in-loop -- one type after the other
      const parts = await Promise.all(
        bodies.map((body, at) => sendPart(bench, upload, at + 1, body)),
      );
      // oxlint-disable-next-line no-await-in-loop -- one type after the other
      const done = await complete(bench, upload, parts);
      const expected =
        type === 'FULL_OBJECT'
          ? checksum('CRC32C', Buffer.concat(bodies))
          : compositeChecksum(
              'CRC32C',
              bodies.map((body) => checksum('CRC32C', body)),
            );
      t.is(done.ChecksumCRC32C, expected);
      // oxlint-disable-next-line no-await-in-loop -- one type after the other
      const head = await client.send(
        new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' }),
      );
      t.like(head, { ChecksumCRC32C: expected, ChecksumType: type });
    }
  },

  'locked versions cannot be removed': async (bench) => {
    const { t, client } = bench;
    const bucket = bucketName();
    await client.send(
      new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }),
    );
    const locked: Bench = { ...bench, bucket };
    const until = new Date(Math.floor(Date.now() / 1000) * 1000 + 3_600_000);
    const { VersionId } = await put(locked, 'l', 'x', {
      ObjectLockMode: 'GOVERNANCE',
      ObjectLockRetainUntilDate: until,
      ContentMD5: createHash('md5').update('x').digest('base64'),
    });
    const version = { Bucket: bucket, Key: 'l', VersionId };
    const got = await client.send(new GetObjectRetentionCommand(version));
    t.is(got.Retention?.Mode, 'GOVERNANCE');
    t.is(got.Retention?.RetainUntilDate?.getTime(), until.getTime());
    const head = await client.send(new HeadObjectCommand(version));
    t.like(head, { ObjectLockMode: 'GOVERNANCE' });
    const remove = new DeleteObjectCommand(version);
    await refused(locked, client.send(remove), { code: 'AccessDenied', status: 403 });
    const shorter = new PutObjectRetentionCommand({
      ...version,
      Retention: { Mode: 'GOVERNANCE', RetainUntilDate: new Date(until.getTime() - 60_000) },
    });
    await refused(locked, client.send(shorter), { code: 'AccessDenied', status: 403 });
    await client.send(new PutObjectLegalHoldCommand({ ...version, LegalHold: { Status: 'ON' } }));
    const bypass = new DeleteObjectCommand({ ...version, BypassGovernanceRetention: true });
    await refused(locked, client.send(bypass), { code: 'AccessDenied', status: 403 });
    const hold = await client.send(new GetObjectLegalHoldCommand(version));
    t.is(hold.LegalHold?.Status, 'ON');
    await client.send(new PutObjectLegalHoldCommand({ ...version, LegalHold: { Status: 'OFF' } }));
    await client.send(bypass);
    t.is((await versionsOf(locked)).versions.length, 0);
  },

  "a bucket's default retention falls on what is written": async (bench) => {
    const { t, client } = bench;
    const bucket = bucketName();
    await client.send(
      new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }),
    );
    const rule = { DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } } as const;
    await client.send(
      new PutObjectLockConfigurationCommand({
        Bucket: bucket,
        ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', Rule: rule },
      }),
    );
    const configured = await client.send(new GetObjectLockConfigurationCommand({ Bucket: bucket }));
    t.like(configured.ObjectLockConfiguration?.Rule, rule);
    const written = await put({ ...bench, bucket }, 'l', 'x', {
      ContentMD5: createHash('md5').update('x').digest('base64'),
    });
    const got = await client.send(
      new GetObjectRetentionCommand({ Bucket: bucket, Key: 'l', VersionId: written.VersionId }),
    );
    const day = 86_400_000;
    t.true(Math.abs((got.Retention?.RetainUntilDate?.getTime() ?? 0) - Date.now() - day) < 120_000);
  },

  'a bucket without object lock has no lock to show': async (bench) => {
    const { client, bucket } = bench;
    const config = new GetObjectLockConfigurationCommand({ Bucket: bucket });
    await refused(bench, client.send(config), {
      code: 'ObjectLockConfigurationNotFoundError',
      status: 404,
    });
    await put(bench, 'a', 'x');
    const retention = new GetObjectRetentionCommand({ Bucket: bucket, Key: 'a' });
    await refused(bench, client.send(retention), { code: 'InvalidRequest', status: 400 });
  },

  'a form upload makes the object that its policy allows': async (bench) => {
    const { t, bucket } = bench;
    const fields = {
      key: 'form/${filename}',
      'content-type': 'f/o',
      'x-amz-meta-a': 'b',
      success_action_status: '201',
    };
    const conditions = [
      ['starts-with', '$key', 'form/'],
      { 'content-type': 'f/o' },
      { 'x-amz-meta-a': 'b' },
      { success_action_status: '201' },
      ['content-length-range', 1, 20],
    ];
    const answer = await postForm(bench, { fields, conditions, file: 'form data' });
    t.is(answer.status, 201);
    t.regex(answer.body.toString(), /<PostResponse/);
    const got = await read(bench, 'form/name.txt');
    t.like(got, { text: 'form data', ContentType: 'f/o', Metadata: { a: 'b' } });
    const plain = { key: 'plain' };
    const default204 = await postForm(bench, { fields: plain, conditions: [plain], file: 'x' });
    t.is(default204.status, 204);
    t.is((await read(bench, 'plain')).text, 'x');
    const other = await postForm(bench, {
      fields: { key: 'other' },
      conditions: [['starts-with', '$key', 'form/']],
      file: 'x',
    });
    t.is(other.status, 403);
    const tooLong = await postForm(bench, { fields, conditions, file: 'x'.repeat(21) });
    t.is(tooLong.status, 400);
    t.is(tooLong.code, 'EntityTooLarge');
    const target = `/${bucket}/other`;
    t.is((await bench.send({ method: 'GET', target })).status, 404);
  },
};

async function* twoPieces(): AsyncGenerator<Buffer> {
  yield Buffer.from('one ');
  yield Buffer.from('two');
}

async function postForm(
  { store, bucket }: Bench,
  form: {
    readonly fields: Readonly<Record<string, string>>;
    readonly conditions: readonly unknown[];
    readonly file: string;
  },
): Promise<RawAnswer> {
  const at = new Date();
  const date = amzDate(at);
  const credential = `${store.credentials.accessKey}/${scopeOf(date, store.region)}`;
  const signing = {
    'x-amz-algorithm': 'AWS4-HMAC-SHA256',
    'x-amz-credential': credential,
    'x-amz-date': date,
  };
  const conditions = [
    { bucket },
    ...form.conditions,
    ...Object.entries(signing).map(([name, value]) => ({ [name]: value })),
  ];
  const expiration = new Date(at.getTime() + 600_000).toISOString();
  const policy = Buffer.from(JSON.stringify({ expiration, conditions })).toString('base64');
  const key = signingKey(store.credentials.secretKey, date.slice(0, 8), store.region);
  const signature = createHmac('sha256', key).update(policy).digest('hex');
  const all = { ...form.fields, ...signing, policy, 'x-amz-signature': signature };
  const boundary = 'a-boundary-that-is-in-no-field';
  const parts = Object.entries(all).map(
    ([name, value]) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const file = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="name.txt"\r\nContent-Type: text/plain\r\n\r\n${form.file}\r\n--${boundary}--\r\n`;
  return sendUnsigned(store, {
    method: 'POST',
    target: `/${bucket}`,
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: parts.join('') + file,
  });
}
