// The decoder against what it must take (AWS's and minio-go's ways of writing), cut at every byte, and what it must refuse.

import test from 'ava';
import { SidecarError } from '../../src/errors.ts';
import type { AwsChunkedOptions } from '../../src/s3/aws-chunked.ts';
import { AwsChunkedDecoder, encodeAwsChunked } from '../../src/s3/aws-chunked.ts';
import { ChunkSignatures, signingScope } from '../../src/s3/sigv4.ts';
import { sha256Hex } from '../../src/s3/sigv4-canonical.ts';

const scope = signingScope({
  credentials: { accessKey: 'key', secretKey: 'secret' },
  region: 'us-east-1',
  at: new Date('2026-01-02T03:04:05Z'),
});
const signatures = (): ChunkSignatures => new ChunkSignatures(scope, 'seed');
const payload = Buffer.from('the quick brown fox jumps over the lazy dog');

function decode(body: Buffer, options: AwsChunkedOptions, pieceBytes = body.length) {
  const decoder = new AwsChunkedDecoder(options);
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; at += pieceBytes) {
    for (const piece of decoder.write(body.subarray(at, at + pieceBytes))) {
      pieces.push(Buffer.from(piece));
    }
  }
  decoder.end();
  return { payload: Buffer.concat(pieces).toString('latin1'), trailers: decoder.trailers };
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof SidecarError) return error.code;
    throw error;
  }
  return 'none';
}

test('what was encoded comes back, however the bytes are cut', (t) => {
  const trailers = [{ name: 'x-amz-checksum-crc32c', value: 'sOO8/Q==' }];
  for (let pieceBytes = 1; pieceBytes < 90; pieceBytes++) {
    const signed = encodeAwsChunked(payload, {
      chunkBytes: 10,
      signatures: signatures(),
      trailers,
    });
    t.deepEqual(
      decode(signed, { signatures: signatures(), trailers: true, decodedLength: 43 }, pieceBytes),
      { payload: payload.toString(), trailers },
    );
    const unsigned = encodeAwsChunked(payload, { chunkBytes: 16, trailers });
    t.deepEqual(decode(unsigned, { trailers: true }, pieceBytes), {
      payload: payload.toString(),
      trailers,
    });
  }
});

test('an empty payload is one last chunk', (t) => {
  const body = encodeAwsChunked(Buffer.alloc(0), { chunkBytes: 16, signatures: signatures() });
  t.deepEqual(decode(body, { signatures: signatures(), trailers: false, decodedLength: 0 }), {
    payload: '',
    trailers: [],
  });
});

test('signed chunks can be read without verifying them', (t) => {
  const body = encodeAwsChunked(payload, { chunkBytes: 16, signatures: signatures() });
  t.is(decode(body, { trailers: true }).payload, payload.toString());
});

test('trailers as minio-go writes them are read', (t) => {
  const chain = signatures();
  const line = 'x-amz-checksum-crc32c:sOO8/Q==\n';
  const body = `3;chunk-signature=${chain.chunk(sha256Hex('abc'))}\r\nabc\r\n0;chunk-signature=${chain.chunk(sha256Hex(''))}\r\n${line}\r\nx-amz-trailer-signature:${chain.trailer(sha256Hex(line))}\r\n\r\n`;
  const trailers = [{ name: 'x-amz-checksum-crc32c', value: 'sOO8/Q==' }];
  t.deepEqual(decode(Buffer.from(body), { signatures: signatures(), trailers: true }), {
    payload: 'abc',
    trailers,
  });
});

test('a changed byte, signature or trailer is refused', (t) => {
  const trailers = [{ name: 'x-amz-meta-a', value: '1' }];
  const encode = (): Buffer =>
    encodeAwsChunked(payload, { chunkBytes: 20, signatures: signatures(), trailers });
  const changed = (change: (body: string) => string): string =>
    codeOf(() =>
      decode(Buffer.from(change(encode().toString('latin1')), 'latin1'), {
        signatures: signatures(),
        trailers: true,
      }),
    );
  t.is(
    changed((body) => body),
    'none',
  );
  t.is(
    changed((body) => body.replace('quick', 'quiet')),
    'chunk-signature',
  );
  t.is(
    changed((body) => body.replace('x-amz-meta-a:1', 'x-amz-meta-a:2')),
    'chunk-signature',
  );
  t.is(
    changed((body) => body.replace(/x-amz-trailer-signature:.*\r\n/, '')),
    'chunk-signature',
  );
  t.is(
    changed((body) => body.replace(/;chunk-signature=[0-9a-f]*/, '')),
    'chunk-signature',
  );
});

test('bodies that end early, at whatever byte, are incomplete', (t) => {
  const body = encodeAwsChunked(payload, { chunkBytes: 20 });
  for (let length = 0; length < body.length; length++) {
    t.is(
      codeOf(() => decode(body.subarray(0, length), { trailers: false })),
      'chunk-incomplete',
    );
  }
});

function check(body: string, more: Partial<AwsChunkedOptions> = {}): string {
  return codeOf(() => decode(Buffer.from(body), { trailers: false, ...more }));
}

test('malformed sizes, ends and lengths are refused', (t) => {
  t.is(check('3\r\nabc\r\n0\r\n\r\n'), 'none');
  for (const size of ['-3', '0x3', ' 3', '3 ', '3;x', '', 'g', '3;chunk-signature=1']) {
    t.is(check(`${size}\r\nabc\r\n0\r\n\r\n`), 'chunk-malformed', size);
  }
  t.is(check('3\r\nabcd\r\n0\r\n\r\n'), 'chunk-malformed');
  t.is(check('1'.repeat(5000)), 'chunk-malformed');
  t.is(check('0\r\nx-a:1\r\n\r\n'), 'chunk-malformed');
  t.is(check('0\r\nno colon\r\n\r\n', { trailers: true }), 'chunk-malformed');
  t.is(check(`0\r\n${'x'.repeat(20_000)}`, { trailers: true }), 'chunk-malformed');
  t.is(check('3\r\nabc\r\n0\r\n\r\n', { decodedLength: 2 }), 'chunk-malformed');
  t.is(check('3\r\nabc\r\n0\r\n\r\n', { decodedLength: 4 }), 'chunk-incomplete');
});
