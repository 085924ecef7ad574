// Sending a stream of known length as signed aws-chunked (S3 API, "Signature Calculations for the Authorization
// Header: Transferring Payload in Multiple Chunks"): each chunk carries a signature over its SHA-256, so the body
// is protected on its way although its hash is not known before it is sent.

import { hash } from 'node:crypto';
import { ChunkSignatures, seedSignature, signingScope } from './sigv4.ts';
import type { SignatureHeader } from './sigv4-canonical.ts';
import type { Credentials } from './types.ts';

/** Payload bytes of every chunk but the last. S3 wants at least 8 KiB. */
export const chunkBytes = 64 * 1024;

const signatureLength = ';chunk-signature='.length + 64;

/** The Content-Length of an encoded body with `length` payload bytes. */
export function awsChunkedLength(length: number): number {
  const whole = Math.floor(length / chunkBytes);
  const rest = length % chunkBytes;
  return whole * frameLength(chunkBytes) + (rest > 0 ? frameLength(rest) : 0) + frameLength(0);
}

function frameLength(payload: number): number {
  return payload.toString(16).length + signatureLength + 2 + payload + 2;
}

export interface AwsChunkedSigning {
  /** Payload bytes that the stream must give, no more and no less. */
  readonly length: number;
  /** What `signRequest` added, with the seed signature and the date. */
  readonly signed: readonly SignatureHeader[];
  readonly at: Date;
  readonly credentials: Credentials;
  readonly region: string;
}

/** Throws where the stream gives another number of bytes than was promised: the upload is then cut, never short. */
export async function* encodeAwsChunked(
  stream: AsyncIterable<Buffer>,
  signing: AwsChunkedSigning,
): AsyncGenerator<Buffer> {
  const signatures = new ChunkSignatures(signingScope(signing), seedSignature(signing.signed));
  let sent = 0;
  for await (const chunk of inChunks(stream)) {
    sent += chunk.length;
    if (sent > signing.length) break;
    yield* frame(chunk, signatures);
  }
  if (sent !== signing.length) {
    throw new Error(`the body has ${sent} bytes where ${signing.length} were announced`);
  }
  yield* frame(Buffer.alloc(0), signatures);
}

function frame(payload: Buffer, signatures: ChunkSignatures): readonly Buffer[] {
  const signature = signatures.chunk(hash('sha256', payload, 'hex'));
  const head = Buffer.from(`${payload.length.toString(16)};chunk-signature=${signature}\r\n`);
  return [head, payload, Buffer.from('\r\n')];
}

/** Regroups a stream into pieces of exactly `chunkBytes`, but for the last. */
async function* inChunks(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of stream) {
    let rest = piece;
    while (length + rest.length >= chunkBytes) {
      const taken = chunkBytes - length;
      yield Buffer.concat([...pieces, rest.subarray(0, taken)]);
      rest = rest.subarray(taken);
      pieces = [];
      length = 0;
    }
    if (rest.length > 0) pieces.push(rest);
    length += rest.length;
  }
  if (length > 0) yield Buffer.concat(pieces, length);
}
