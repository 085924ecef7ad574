// Signing by AWS Signature Version 4 for S3: in the header, in the query (presigned), and chunk by chunk for
// aws-chunked bodies. Verifying is in sigv4-verify.ts; what both share is in sigv4-canonical.ts.

import { createHmac } from 'node:crypto';
import type { CanonicalParts, SignatureHeader } from './sigv4-canonical.ts';
import {
  canonicalHeaders,
  canonicalPath,
  canonicalQuery,
  canonicalRequest,
  sha256Hex,
  splitTarget,
  uriEncode,
} from './sigv4-canonical.ts';
import type { Credentials } from './types.ts';

export const algorithm = 'AWS4-HMAC-SHA256';
export const unsignedPayload = 'UNSIGNED-PAYLOAD';
export const streamingSigned = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';
export const streamingSignedTrailer = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER';
export const streamingUnsignedTrailer = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
export const emptyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

export interface RequestToSign {
  readonly method: string;
  /** The raw path and query exactly as they will be sent. */
  readonly target: string;
  /** All of these are signed; `host` must be among them. Values are latin1: one character, one byte. */
  readonly headers: readonly SignatureHeader[];
  readonly credentials: Credentials;
  readonly region: string;
  readonly at: Date;
  /** Hexadecimal SHA-256 of the body, or `UNSIGNED-PAYLOAD`, or one of the `STREAMING-…` words. */
  readonly payloadHash: string;
}

/** Returns the header lines to add: x-amz-date, x-amz-content-sha256 and authorization. */
export function signRequest(input: RequestToSign): readonly SignatureHeader[] {
  const date = amzDate(input.at);
  const added = [
    { name: 'x-amz-date', value: date },
    { name: 'x-amz-content-sha256', value: input.payloadHash },
  ];
  const { path, query } = splitTarget(input.target);
  const headers = canonicalHeaders([...input.headers, ...added]);
  const scope = scopeOf(date, input.region);
  const signature = sign(
    {
      method: input.method,
      path: canonicalPath(path),
      query: canonicalQuery(query),
      headers,
      payloadHash: input.payloadHash,
    },
    { date, scope, key: signingKey(input.credentials.secretKey, date.slice(0, 8), input.region) },
  );
  const value = `${algorithm} Credential=${input.credentials.accessKey}/${scope},SignedHeaders=${headers.names},Signature=${signature}`;
  return [...added, { name: 'authorization', value }];
}

/** The seed signature in lines that `signRequest` made, from which an aws-chunked body goes on. */
export function seedSignature(lines: readonly SignatureHeader[]): string {
  const authorization = lines.find((line) => line.name === 'authorization')?.value ?? '';
  return authorization.slice(authorization.lastIndexOf('=') + 1);
}

export interface RequestToPresign extends Omit<RequestToSign, 'payloadHash'> {
  readonly expiresSeconds: number;
}

/** Returns the target with the signature in its query. The given headers must be sent with it. */
export function presignTarget(input: RequestToPresign): string {
  const date = amzDate(input.at);
  const scope = scopeOf(date, input.region);
  const headers = canonicalHeaders(input.headers);
  const { path, query } = splitTarget(input.target);
  const whole = [
    ...(query === '' ? [] : [query]),
    `X-Amz-Algorithm=${algorithm}`,
    `X-Amz-Credential=${uriEncode(`${input.credentials.accessKey}/${scope}`)}`,
    `X-Amz-Date=${date}`,
    `X-Amz-Expires=${input.expiresSeconds}`,
    `X-Amz-SignedHeaders=${uriEncode(headers.names)}`,
  ].join('&');
  const signature = sign(
    {
      method: input.method,
      path: canonicalPath(path),
      query: canonicalQuery(whole),
      headers,
      payloadHash: unsignedPayload,
    },
    { date, scope, key: signingKey(input.credentials.secretKey, date.slice(0, 8), input.region) },
  );
  return `${path}?${whole}&X-Amz-Signature=${signature}`;
}

/** When, where and by which key a signature is made. */
export interface SigningScope {
  /** `20130524T000000Z`. */
  readonly date: string;
  /** `20130524/us-east-1/s3/aws4_request`. */
  readonly scope: string;
  readonly key: Buffer;
}

export function sign(parts: CanonicalParts, { date, scope, key }: SigningScope): string {
  const request = sha256Hex(canonicalRequest(parts));
  return hmacHex(key, `${algorithm}\n${date}\n${scope}\n${request}`);
}

/** The chain of signatures over the chunks and the trailers of one aws-chunked body. */
export class ChunkSignatures {
  readonly #scope: SigningScope;
  #previous: string;

  constructor(scope: SigningScope, seed: string) {
    this.#scope = scope;
    this.#previous = seed;
  }

  /** The signature of the next chunk, from the hexadecimal SHA-256 of its payload. */
  chunk(payloadHash: string): string {
    return this.#next(`${algorithm}-PAYLOAD`, `${emptyHash}\n${payloadHash}`);
  }

  /** The signature of the trailers, from the SHA-256 of their lines, each `name:value\n`. */
  trailer(linesHash: string): string {
    return this.#next(`${algorithm}-TRAILER`, linesHash);
  }

  #next(kind: string, what: string): string {
    const { date, scope, key } = this.#scope;
    this.#previous = hmacHex(key, `${kind}\n${date}\n${scope}\n${this.#previous}\n${what}`);
    return this.#previous;
  }
}

/** The scope of an aws-chunked body that goes with a request signed by `signRequest`. */
export function signingScope(
  input: Pick<RequestToSign, 'credentials' | 'region' | 'at'>,
): SigningScope {
  const date = amzDate(input.at);
  return {
    date,
    scope: scopeOf(date, input.region),
    key: signingKey(input.credentials.secretKey, date.slice(0, 8), input.region),
  };
}

/** `20130524T000000Z`. */
export function amzDate(at: Date): string {
  return `${at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

export function scopeOf(date: string, region: string): string {
  return `${date.slice(0, 8)}/${region}/s3/aws4_request`;
}

const keys = new Map<string, Buffer>();
const keysMax = 256;

/** The key of a day and region. Four HMACs deep, so it is kept; the oldest goes when there are too many. */
export function signingKey(secret: string, day: string, region: string): Buffer {
  const name = `${day}\n${region}\n${secret}`;
  const known = keys.get(name);
  if (known !== undefined) return known;
  const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), 's3'), 'aws4_request');
  if (keys.size >= keysMax) {
    const [oldest] = keys.keys();
    if (oldest !== undefined) keys.delete(oldest);
  }
  keys.set(name, key);
  return key;
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

export function hmacHex(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex');
}
