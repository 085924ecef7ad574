// One signed call to an S3 store, over undici. It knows how to sign, send and read an answer, and turns every
// trouble into an S3Error (the store said no) or a SidecarError (nobody answered). What is called lives in calls.ts.

import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { Pool } from 'undici';
import { awsChunkedLength, encodeAwsChunked } from './aws-chunked-encode.ts';
import { networkError, S3Error } from './errors.ts';
import { targetOf } from './path.ts';
import { emptyHash, signRequest, streamingSigned } from './sigv4.ts';
import type { Endpoint } from './types.ts';
import { parseXml, textOf } from './xml.ts';

export interface HeaderPair {
  readonly name: string;
  /** latin1: one character, one byte. */
  readonly value: string;
}

/** Bytes in memory, or a stream of a known length that is sent as signed aws-chunked. */
export type CallBody = Buffer | { readonly stream: AsyncIterable<Buffer>; readonly length: number };

export interface S3Call {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly bucket?: string;
  readonly key?: string;
  /** Encoded, without `?`. */
  readonly query?: string;
  readonly headers?: readonly HeaderPair[];
  readonly body?: CallBody;
  /** How long the answer's head may take once the request is sent; completions and copies take their time. */
  readonly headTimeoutMs?: number;
  readonly signal?: AbortSignal;
}

export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface S3Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** Must be read to its end or destroyed. */
  readonly body: Readable;
}

export interface S3ClientOptions {
  /** Connections at once. */
  readonly connections?: number;
  readonly connectTimeoutMs?: number;
  /** No progress for so long in an answer's body ends the call. */
  readonly idleTimeoutMs?: number;
  readonly headTimeoutMs?: number;
  readonly now?: () => number;
}

const errorBodyMax = 64 * 1024;

export class S3Client {
  readonly endpoint: Endpoint;
  readonly #pool: Pool;
  readonly #host: string;
  readonly #headTimeoutMs: number;
  readonly #now: () => number;
  /** What must be added to our clock to be within the store's window; learnt from RequestTimeTooSkewed. */
  #skewMs = 0;

  constructor(endpoint: Endpoint, options: S3ClientOptions = {}) {
    this.endpoint = endpoint;
    this.#host = endpoint.url.replace(/^https?:\/\//, '');
    this.#headTimeoutMs = options.headTimeoutMs ?? 30_000;
    this.#now = options.now ?? Date.now;
    this.#pool = new Pool(endpoint.url, {
      connections: options.connections ?? 64,
      pipelining: 1,
      headersTimeout: this.#headTimeoutMs,
      bodyTimeout: options.idleTimeoutMs ?? 30_000,
      keepAliveTimeout: 4_000,
      maxHeaderSize: 128 * 1024,
      connect: {
        timeout: options.connectTimeoutMs ?? 5_000,
        ...(endpoint.ca === undefined ? {} : { ca: endpoint.ca }),
      },
    });
  }

  /** How far the store's clock is ahead of ours, as far as it had to be corrected, ms. */
  get skewMs(): number {
    return this.#skewMs;
  }

  /** Sends the call; resolves with a 2xx answer whose body is still to be read, throws on anything else. */
  async send(call: S3Call): Promise<S3Answer> {
    const answer = await this.#dispatch(call);
    if (answer.status < 300) return answer;
    const error = await errorOf(answer, call);
    if (error.code !== 'RequestTimeTooSkewed' || !this.#learnSkew(answer.headers)) throw error;
    if (call.body !== undefined && !Buffer.isBuffer(call.body)) throw error;
    const second = await this.#dispatch(call);
    if (second.status < 300) return second;
    throw await errorOf(second, call);
  }

  /** Sends the call and reads the answer's body, at most `bytesMax` bytes, into memory. */
  async fetch(call: S3Call, bytesMax = 16 * 1024 * 1024): Promise<S3Answer & { bytes: Buffer }> {
    const answer = await this.send(call);
    return { ...answer, bytes: await readAll(answer.body, bytesMax, nameOf(call)) };
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  #learnSkew(headers: AnswerHeaders): boolean {
    const date = Date.parse(String(headers['date'] ?? ''));
    if (Number.isNaN(date)) return false;
    const skewMs = date - this.#now();
    const learnt = Math.abs(skewMs - this.#skewMs) > 1_000;
    this.#skewMs = skewMs;
    return learnt;
  }

  async #dispatch(call: S3Call): Promise<S3Answer> {
    const target = targetOf(call.bucket, call.key, call.query);
    const { headers, body } = this.#prepare(call, target);
    try {
      const answer = await this.#pool.request({
        method: call.method,
        path: target,
        headers,
        ...(body === undefined ? {} : { body }),
        headersTimeout: call.headTimeoutMs ?? this.#headTimeoutMs,
        ...(call.signal === undefined ? {} : { signal: call.signal }),
      });
      return { status: answer.statusCode, headers: answer.headers, body: answer.body };
    } catch (error) {
      throw networkError(error, nameOf(call));
    }
  }

  #prepare(call: S3Call, target: string): { headers: string[]; body?: Buffer | Readable } {
    const { credentials, region } = this.endpoint;
    const lines: HeaderPair[] = [{ name: 'host', value: this.#host }, ...(call.headers ?? [])];
    const at = new Date(this.#now() + this.#skewMs);
    const common = { method: call.method, target, credentials, region, at };
    if (call.body === undefined || Buffer.isBuffer(call.body)) {
      const payloadHash =
        call.body === undefined ? emptyHash : createHash('sha256').update(call.body).digest('hex');
      const signed = signRequest({ ...common, headers: lines, payloadHash });
      const length =
        call.body?.length ?? (call.method === 'PUT' || call.method === 'POST' ? 0 : -1);
      if (length >= 0) lines.push({ name: 'content-length', value: String(length) });
      return {
        headers: flatten(lines, signed),
        ...(call.body === undefined ? {} : { body: call.body }),
      };
    }
    const { stream, length } = call.body;
    addContentEncoding(lines);
    lines.push({ name: 'x-amz-decoded-content-length', value: String(length) });
    const signed = signRequest({ ...common, headers: lines, payloadHash: streamingSigned });
    lines.push({ name: 'content-length', value: String(awsChunkedLength(length)) });
    const body = Readable.from(
      encodeAwsChunked(stream, { length, signed, at, credentials, region }),
    );
    return { headers: flatten(lines, signed), body };
  }
}

/** `aws-chunked` goes before what the object itself is encoded with (S3 API, "Signature calculations: chunked"). */
function addContentEncoding(lines: HeaderPair[]): void {
  const index = lines.findIndex((line) => line.name.toLowerCase() === 'content-encoding');
  const own = lines[index]?.value;
  if (index >= 0) lines.splice(index, 1);
  lines.push({
    name: 'content-encoding',
    value: own === undefined || own === '' ? 'aws-chunked' : `aws-chunked,${own}`,
  });
}

function flatten(...groups: readonly (readonly HeaderPair[])[]): string[] {
  const flat: string[] = [];
  for (const group of groups) for (const { name, value } of group) flat.push(name, value);
  return flat;
}

/** Reads a body to its end. A body longer than `bytesMax` is cut and refused. */
export async function readAll(body: Readable, bytesMax: number, call: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of body as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > bytesMax) throw new Error(`the body is longer than ${bytesMax} bytes`);
      pieces.push(piece);
    }
  } catch (error) {
    body.destroy();
    throw networkError(error, call);
  }
  const [first] = pieces;
  return first !== undefined && pieces.length === 1 ? first : Buffer.concat(pieces, length);
}

/** `METHOD /bucket/key`, for messages: without the query, which may hold a signature. */
export function nameOf(call: S3Call): string {
  return `${call.method} ${targetOf(call.bucket, call.key)}`;
}

async function errorOf(answer: S3Answer, call: S3Call): Promise<S3Error> {
  const bytes = await readAll(answer.body, errorBodyMax, nameOf(call)).catch(() => Buffer.alloc(0));
  return s3Error(bytes, answer, nameOf(call));
}

/** An error answer (or a 200 that holds an `<Error>`) as an S3Error. */
export function s3Error(
  bytes: Buffer,
  answer: { readonly status: number; readonly headers: AnswerHeaders },
  call: string,
): S3Error {
  const { code, message } = errorBody(bytes);
  const retryAfterMs = retryAfter(answer.headers['retry-after']);
  return new S3Error({
    status: answer.status,
    code: code ?? headerWord(answer.headers['x-minio-error-code']) ?? bareCode(answer.status),
    message: message ?? 'no message',
    call,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

function errorBody(bytes: Buffer): { code?: string | undefined; message?: string | undefined } {
  if (bytes.length === 0) return {};
  try {
    const root = parseXml(bytes);
    if (root.name !== 'Error') return {};
    return { code: textOf(root, 'Code'), message: textOf(root, 'Message') };
  } catch {
    return {};
  }
}

function headerWord(value: string | string[] | undefined): string | undefined {
  const word = Array.isArray(value) ? value[0] : value;
  return word === undefined || word === '' ? undefined : word;
}

/** An answer without a body (HEAD) names no code: a 404 then proves nothing about a key. */
function bareCode(status: number): string {
  if (status === 404) return 'NotFound';
  if (status === 403) return 'AccessDenied';
  if (status === 405) return 'MethodNotAllowed';
  if (status === 412) return 'PreconditionFailed';
  if (status === 304) return 'NotModified';
  if (status === 503) return 'ServiceUnavailable';
  return `Status${status}`;
}

/** RFC 9110 section 10.2.3: seconds or a date; at most an hour is believed. */
function retryAfter(value: string | string[] | undefined): number | undefined {
  const text = headerWord(value);
  if (text === undefined) return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  if (!Number.isFinite(seconds) || seconds < 0) return undefined;
  return Math.min(seconds, 3600) * 1000;
}
