// How the tests talk to a store: the AWS SDK, and raw requests signed by our own code where the SDK would tidy up.

import { Readable } from 'node:stream';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { S3Client } from '@aws-sdk/client-s3';
import { Agent } from 'undici';
import { signRequest } from '../../src/s3/sigv4.ts';
import { sha256Hex } from '../../src/s3/sigv4-canonical.ts';
import type { Credentials } from '../../src/s3/types.ts';
import { parseXml, textOf } from '../../src/s3/xml.ts';

export interface StoreAddress {
  readonly url: string;
  readonly credentials: Credentials;
  readonly region: string;
}

export function sdkClient(store: StoreAddress, more: S3ClientConfig = {}): S3Client {
  return new S3Client({
    endpoint: store.url,
    region: store.region,
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: {
      accessKeyId: store.credentials.accessKey,
      secretAccessKey: store.credentials.secretKey,
    },
    // Checksums only where a test asks for them: not every store knows them.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...more,
  });
}

/** Not the global one: that may be the one within Node, of another version. */
const agent = new Agent();

export interface RawRequest {
  readonly method: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  /** Defaults to the hash of the body. */
  readonly payloadHash?: string;
  readonly at?: Date;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** The code of an S3 error body. */
  readonly code: string | undefined;
}

/** The lines that a raw request is sent with, signed. */
export function signedLines(
  store: StoreAddress,
  raw: RawRequest,
): { name: string; value: string }[] {
  const headers = [
    { name: 'host', value: new URL(store.url).host },
    ...Object.entries(raw.headers ?? {}).map(([name, value]) => ({ name, value })),
  ];
  const body = Buffer.from(raw.body ?? '');
  const added = signRequest({
    method: raw.method,
    target: raw.target,
    headers,
    credentials: store.credentials,
    region: store.region,
    at: raw.at ?? new Date(),
    payloadHash: raw.payloadHash ?? sha256Hex(body),
  });
  return [...headers, ...added];
}

export async function send(store: StoreAddress, raw: RawRequest): Promise<RawAnswer> {
  const lines = signedLines(store, raw);
  return sendUnsigned(store, {
    ...raw,
    headers: Object.fromEntries(lines.map(({ name, value }) => [name, value])),
  });
}

export async function sendUnsigned(
  store: Pick<StoreAddress, 'url'>,
  raw: Omit<RawRequest, 'body'> & { readonly body?: Buffer | string | AsyncIterable<Buffer> },
): Promise<RawAnswer> {
  const { method, target, headers, body } = raw;
  const answer = await agent.request({
    origin: store.url,
    // As it stands: undici's `request` would tidy up `..`.
    path: target,
    method,
    headers: { ...headers },
    body:
      body === undefined || typeof body === 'string' || Buffer.isBuffer(body)
        ? (body ?? null)
        : toStream(body),
  });
  const bytes = Buffer.from(await answer.body.arrayBuffer());
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: bytes,
    code: errorCode(bytes),
  };
}

function toStream(pieces: AsyncIterable<Buffer>): Readable {
  return Readable.from(pieces, { objectMode: false });
}

function errorCode(body: Buffer): string | undefined {
  if (!body.includes('<Error')) return undefined;
  return textOf(parseXml(body), 'Code');
}

let names = 0;

/** A bucket name that no other test of this process takes. */
export function bucketName(): string {
  names += 1;
  return `conformance-${process.pid}-${Date.now().toString(36)}-${names}`;
}
