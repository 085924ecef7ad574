// Reading a request's body: its framing, aws-chunked taken off, and everything checked that the client said of it.

import type { IncomingMessage } from 'node:http';
import { SidecarError } from '../errors.ts';
import type { Trailer } from '../s3/aws-chunked.ts';
import { AwsChunkedDecoder } from '../s3/aws-chunked.ts';
import type { ChecksumAlgorithm } from '../s3/checksums.ts';
import { checksumHeader, checksumOfHeader, createChecksum } from '../s3/checksums.ts';
import {
  streamingSigned,
  streamingSignedTrailer,
  streamingUnsignedTrailer,
  unsignedPayload,
} from '../s3/sigv4.ts';
import type { Verified } from '../s3/sigv4-verify.ts';
import { chunkSignatures } from '../s3/sigv4-verify.ts';
import { Content, contentHash } from './content.ts';
import type { StoredChecksum } from './model.ts';
import type { Headers, RequestHead } from './request.ts';
import { StoreError } from './store-error.ts';

export interface ReadBody {
  readonly content: Content;
  readonly checksum: StoredChecksum | undefined;
}

const controlBytesMax = 8 * 1024 * 1024;
const objectBytesMax = 5 * 1024 * 1024 * 1024;
const objectOperations: ReadonlySet<string> = new Set(['PutObject', 'UploadPart', 'PostObject']);

/** Reads it whole. Rejects if the connection ends before it, so that a cut body is never taken for a whole one. */
export async function readBody(
  incoming: IncomingMessage,
  head: RequestHead,
  verified: Verified | undefined,
): Promise<ReadBody> {
  const bytesMax = objectOperations.has(head.operation) ? objectBytesMax : controlBytesMax;
  const payloadHash = verified?.payloadHash ?? unsignedPayload;
  const raw = hasBody(head.headers) ? await collect(incoming, bytesMax) : [];
  const { pieces, trailers } = payloadHash.startsWith('STREAMING-')
    ? decodeChunks(raw, head.headers, verified, payloadHash)
    : { pieces: raw, trailers: [] };
  const content = new Content(pieces);
  checkPayloadHash(content, payloadHash);
  checkMd5(content, head.headers.get('content-md5'));
  // On a completion the header means the object that will be, not this body.
  if (head.operation === 'CompleteMultipartUpload') return { content, checksum: undefined };
  return { content, checksum: checkChecksum(content, head.headers, trailers) };
}

function hasBody(headers: Headers): boolean {
  const length = headers.get('content-length');
  return headers.get('transfer-encoding') !== undefined || (length !== undefined && length !== '0');
}

async function collect(incoming: IncomingMessage, bytesMax: number): Promise<Buffer[]> {
  const pieces: Buffer[] = [];
  let size = 0;
  await new Promise<void>((resolve, reject) => {
    incoming.on('data', (piece: Buffer) => {
      size += piece.length;
      if (size > bytesMax) reject(new StoreError('EntityTooLarge'));
      else pieces.push(piece);
    });
    incoming.once('end', () => {
      if (incoming.complete) resolve();
      else reject(new StoreError('IncompleteBody'));
    });
    incoming.once('error', reject);
    incoming.once('close', () => {
      if (!incoming.readableEnded) reject(new StoreError('IncompleteBody'));
    });
  });
  return pieces;
}

function decodeChunks(
  raw: readonly Buffer[],
  headers: Headers,
  verified: Verified | undefined,
  payloadHash: string,
): { pieces: Buffer[]; trailers: readonly Trailer[] } {
  const length = headers.get('x-amz-decoded-content-length');
  if (length === undefined || !/^\d{1,15}$/.test(length)) {
    throw new StoreError('MissingContentLength');
  }
  const isSigned = payloadHash === streamingSigned || payloadHash === streamingSignedTrailer;
  const decoder = new AwsChunkedDecoder({
    signatures: isSigned && verified !== undefined ? chunkSignatures(verified) : undefined,
    trailers: payloadHash === streamingSignedTrailer || payloadHash === streamingUnsignedTrailer,
    decodedLength: Number(length),
  });
  try {
    const pieces = raw.flatMap((piece) => decoder.write(piece));
    decoder.end();
    return { pieces, trailers: decoder.trailers };
  } catch (error) {
    if (!(error instanceof SidecarError)) throw error;
    if (error.code === 'chunk-signature') throw new StoreError('SignatureDoesNotMatch');
    throw new StoreError('IncompleteBody', error.message);
  }
}

function checkPayloadHash(content: Content, payloadHash: string): void {
  if (payloadHash.length !== 64) return;
  const actual = contentHash(content, 'sha256', 'hex');
  if (actual !== payloadHash) throw new StoreError('XAmzContentSHA256Mismatch');
}

function checkMd5(content: Content, given: string | undefined): void {
  if (given === undefined) return;
  if (Buffer.from(given, 'base64').length !== 16) throw new StoreError('InvalidDigest');
  const actual = contentHash(content, 'md5', 'base64');
  if (actual !== given) {
    throw new StoreError(
      'BadDigest',
      'The Content-MD5 you specified did not match what we received.',
    );
  }
}

/** A checksum given in a header, or in a trailer that `x-amz-trailer` announced. */
function checkChecksum(
  content: Content,
  headers: Headers,
  trailers: readonly Trailer[],
): StoredChecksum | undefined {
  const announced = headers.get('x-amz-trailer')?.toLowerCase();
  const fromTrailer = trailers.find(
    ({ name }) => checksumOfHeader(name) !== undefined && name === announced?.trim(),
  );
  const given: Trailer | undefined = fromTrailer ?? checksumLine(headers);
  if (announced !== undefined && fromTrailer === undefined) {
    throw new StoreError('InvalidRequest', 'The trailer that x-amz-trailer announces is missing.');
  }
  const algorithm = given === undefined ? undefined : checksumOfHeader(given.name);
  if (given === undefined || algorithm === undefined) return undefined;
  const actual = contentChecksum(algorithm, content);
  if (actual !== given.value) {
    throw new StoreError(
      'BadDigest',
      `The ${algorithm} you specified did not match the calculated checksum.`,
    );
  }
  return { algorithm, type: 'FULL_OBJECT', value: actual };
}

function checksumLine(headers: Headers): Trailer | undefined {
  const lines = headers
    .startingWith('x-amz-checksum-')
    .filter(([name]) => checksumOfHeader(name) !== undefined);
  if (lines.length > 1) {
    throw new StoreError(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    );
  }
  const [line] = lines;
  return line === undefined ? undefined : { name: line[0], value: line[1] };
}

export function contentChecksum(algorithm: ChecksumAlgorithm, content: Content): string {
  const sum = createChecksum(algorithm);
  for (const piece of content.pieces) sum.update(piece);
  return sum.digest();
}

/** The lines that show a checksum: its value and its type. */
export function checksumLines(
  checksum: StoredChecksum | undefined,
): readonly (readonly [string, string])[] {
  if (checksum === undefined) return [];
  return [
    [checksumHeader(checksum.algorithm), checksum.value],
    ['x-amz-checksum-type', checksum.type],
  ];
}
