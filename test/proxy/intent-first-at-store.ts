// A commit that stands still before a store that answers: nothing of the write gets there, and everything does once
// the intent is on disk. Each framing of a body that the store accepts.

import { connect } from 'node:net';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { encodeAwsChunked } from '../../src/s3/aws-chunked.ts';
import { awsChunkedLength } from '../../src/s3/aws-chunked-encode.ts';
import { checksum } from '../../src/s3/checksums.ts';
import {
  ChunkSignatures,
  emptyHash,
  seedSignature,
  signingScope,
  signRequest,
  streamingSigned,
  streamingUnsignedTrailer,
  unsignedPayload,
} from '../../src/s3/sigv4.ts';
import type { Credentials } from '../../src/s3/types.ts';
import { createBucket, eventually, openClient, region } from '../arrange.ts';
import { openGate } from '../gate.ts';
import { Gate, openTestJournal, openWire, stalled } from './arrangement.ts';

const payload = Buffer.from('hello');

interface Framing {
  readonly name: string;
  readonly payload: Buffer;
  readonly hash: string;
  readonly headers: Readonly<Record<string, string>>;
  body(signed: Signed): Buffer;
}

interface Signed {
  readonly lines: readonly { readonly name: string; readonly value: string }[];
  readonly at: Date;
  readonly credentials: Credentials;
}

const plain = (name: string, bytes: Buffer): Framing => ({
  name,
  payload: bytes,
  hash: bytes.length === 0 ? emptyHash : unsignedPayload,
  headers: { 'content-length': String(bytes.length) },
  body: () => bytes,
});

const trailer = { name: 'x-amz-checksum-crc32', value: checksum('CRC32', payload) };
const unsigned = encodeAwsChunked(payload, { chunkBytes: 8192, trailers: [trailer] });

export const framings = {
  length: plain('a body with a length', payload),
  empty: plain('a body of no bytes', Buffer.alloc(0)),
  chunked: {
    name: 'a chunked body',
    payload,
    hash: unsignedPayload,
    headers: { 'transfer-encoding': 'chunked' },
    body: () => Buffer.from('5\r\nhello\r\n0\r\n\r\n'),
  },
  signed: {
    name: 'a signed aws-chunked body',
    payload,
    hash: streamingSigned,
    headers: {
      'content-length': String(awsChunkedLength(payload.length)),
      'x-amz-decoded-content-length': '5',
    },
    body: ({ lines, at, credentials }: Signed) => {
      const scope = signingScope({ credentials, region, at });
      const signatures = new ChunkSignatures(scope, seedSignature(lines));
      return encodeAwsChunked(payload, { chunkBytes: 8192, signatures });
    },
  },
  unsigned: {
    name: 'an unsigned aws-chunked body with a trailer',
    payload,
    hash: streamingUnsignedTrailer,
    headers: {
      'content-length': String(unsigned.length),
      'x-amz-decoded-content-length': '5',
      'x-amz-trailer': trailer.name,
    },
    body: () => unsigned,
  },
} satisfies Readonly<Record<string, Framing>>;

/** Declares a test for each framing that the store accepts. */
export function declareIntentFirst(
  store: string,
  start: (t: ExecutionContext) => Promise<{ url: string; credentials: Credentials }>,
  accepted: readonly Framing[],
): void {
  for (const framing of accepted) {
    test(`${store}: no byte of ${framing.name} arrives before its intent is on disk`, async (t) => {
      t.timeout(120_000);
      const { url, credentials } = await start(t);
      const source = openClient(t, url, credentials);
      await createBucket(source, 'bucket', true).catch(() => undefined);
      const between = await openGate(t, url);
      const gate = new Gate();
      let stalls = 0;
      const journal = await openTestJournal(t);
      const wire = openWire(t, {
        journal: stalled(journal, gate.opened, () => {
          stalls += 1;
        }),
        sourcePort: Number(new URL(between.url).port),
        source,
      });
      const { port } = await wire.start();
      const client = connect(port, '127.0.0.1');
      t.teardown(() => client.destroy());
      let answer = '';
      client.on('data', (piece) => {
        answer += piece.toString('latin1');
      });
      const key = framing.name.replaceAll(' ', '-');
      client.write(requestOf(framing, { key, port, credentials }));
      await eventually('the commit stands still', () => stalls === 1);
      await new Promise((resolve) => setTimeout(resolve, 200));
      t.is(between.received, 0);
      gate.open();
      await eventually('the answer', () => answer.includes('\r\n\r\n'));
      t.regex(answer, /^HTTP\/1\.1 200 /);
      const stored = await source.fetch({ method: 'GET', bucket: 'bucket', key });
      t.deepEqual(stored.bytes, framing.payload);
      await eventually('the intent is settled', () => journal.counts('b').pending === 1);
      t.is(journal.intentsOpen(), 0);
    });
  }
}

function requestOf(
  framing: Framing,
  { key, port, credentials }: { key: string; port: number; credentials: Credentials },
): Buffer {
  const at = new Date();
  const target = `/bucket/${key}`;
  const headers = [
    { name: 'host', value: `127.0.0.1:${port}` },
    ...Object.entries(framing.headers).map(([name, value]) => ({ name, value })),
  ];
  const signable = headers.filter(({ name }) => name !== 'transfer-encoding');
  const lines = signRequest({
    method: 'PUT',
    target,
    headers: signable,
    credentials,
    region,
    at,
    payloadHash: framing.hash,
  });
  const text = [...headers, ...lines].map(({ name, value }) => `${name}: ${value}\r\n`).join('');
  const head = Buffer.from(`PUT ${target} HTTP/1.1\r\n${text}\r\n`, 'latin1');
  return Buffer.concat([head, framing.body({ lines, at, credentials })]);
}
