// The body encoding `aws-chunked`: payload in chunks that may each carry a signature, and trailers that may be
// signed too. Decodes as bytes come in, keeping at most one line or the trailers in memory; encodes for tests and uploads.

import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import { SidecarError } from '../errors.ts';
import type { ChunkSignatures } from './sigv4.ts';
import { sha256Hex } from './sigv4-canonical.ts';
import { equalSignatures } from './sigv4-verify.ts';

export interface AwsChunkedOptions {
  /** Where given, every chunk must carry its signature, and trailers a trailer signature. */
  readonly signatures?: ChunkSignatures | undefined;
  /** Whether trailers may follow the last chunk. */
  readonly trailers: boolean;
  /** `x-amz-decoded-content-length`, checked at the end and never exceeded. */
  readonly decodedLength?: number | undefined;
}

export interface Trailer {
  readonly name: string;
  readonly value: string;
}

const lineBytesMax = 4096;
const trailerBytesMax = 16_384;

type State = 'size' | 'data' | 'data-end' | 'trailers';

/**
 * Feed it with `write`, then call `end`. Payload is handed on before its chunk's signature is known to be good
 * (a chunk may be huge), so nothing may be committed before `end` has returned. Every fault is a SidecarError:
 * `chunk-malformed`, `chunk-incomplete` or `chunk-signature`.
 */
export class AwsChunkedDecoder {
  readonly #options: AwsChunkedOptions;
  #state: State = 'size';
  #pending: Buffer = Buffer.alloc(0);
  #left = 0;
  #hash: Hash | undefined;
  #signature = '';
  #payloadBytes = 0;
  #trailers: readonly Trailer[] = [];

  constructor(options: AwsChunkedOptions) {
    this.#options = options;
  }

  /** Payload bytes seen so far. */
  get payloadBytes(): number {
    return this.#payloadBytes;
  }

  /** In the order they came, names in lower case; complete after `end`. */
  get trailers(): readonly Trailer[] {
    return this.#trailers;
  }

  /** Takes the next bytes of the body and returns the payload in them, without copying where possible. */
  write(bytes: Buffer): readonly Buffer[] {
    let rest = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    this.#pending = Buffer.alloc(0);
    const payload: Buffer[] = [];
    while (rest.length > 0) {
      const used = this.#step(rest, payload);
      if (used === 0) {
        this.#pending = rest;
        break;
      }
      rest = rest.subarray(used);
    }
    return payload;
  }

  /** Says that the body ended. Throws unless it was whole and every signature in it was right. */
  end(): void {
    if (this.#state !== 'trailers') {
      throw fault('chunk-incomplete', 'the body ended before its last chunk');
    }
    const { decodedLength } = this.#options;
    if (decodedLength !== undefined && this.#payloadBytes !== decodedLength) {
      throw fault(
        'chunk-incomplete',
        `the payload has ${this.#payloadBytes} bytes, x-amz-decoded-content-length says ${decodedLength}`,
      );
    }
    this.#endTrailers(this.#pending.toString('latin1'));
    this.#pending = Buffer.alloc(0);
  }

  /** Consumes what it can of the current state; 0 means that more bytes are needed. */
  #step(rest: Buffer, payload: Buffer[]): number {
    if (this.#state === 'size') return this.#sizeLine(rest);
    if (this.#state === 'data') return this.#data(rest, payload);
    if (this.#state === 'data-end') return this.#dataEnd(rest);
    if (rest.length > trailerBytesMax) {
      throw fault('chunk-malformed', `the trailers are longer than ${trailerBytesMax} bytes`);
    }
    return 0;
  }

  #sizeLine(rest: Buffer): number {
    const end = rest.indexOf('\r\n');
    if (end === -1 ? rest.length > lineBytesMax : end > lineBytesMax) {
      throw fault('chunk-malformed', `a chunk's size line is longer than ${lineBytesMax} bytes`);
    }
    if (end === -1) return 0;
    const line = rest.toString('latin1', 0, end);
    const match = /^([0-9a-fA-F]{1,13})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line);
    if (match?.[1] === undefined) {
      throw fault('chunk-malformed', "a chunk's size line is not SIZE[;chunk-signature=HEX]");
    }
    this.#beginChunk(Number.parseInt(match[1], 16), match[2]);
    return end + 2;
  }

  #beginChunk(size: number, signature: string | undefined): void {
    const { signatures, decodedLength } = this.#options;
    if (signatures !== undefined && signature === undefined) {
      throw fault('chunk-signature', 'a chunk has no signature');
    }
    if (decodedLength !== undefined && this.#payloadBytes + size > decodedLength) {
      throw fault(
        'chunk-malformed',
        'the chunks hold more bytes than x-amz-decoded-content-length says',
      );
    }
    this.#signature = signature ?? '';
    this.#left = size;
    this.#hash = signatures === undefined ? undefined : createHash('sha256');
    if (size > 0) {
      this.#state = 'data';
      return;
    }
    this.#verifyChunk();
    this.#state = 'trailers';
  }

  #data(rest: Buffer, payload: Buffer[]): number {
    const piece = rest.subarray(0, this.#left);
    this.#hash?.update(piece);
    payload.push(piece);
    this.#payloadBytes += piece.length;
    this.#left -= piece.length;
    if (this.#left === 0) this.#state = 'data-end';
    return piece.length;
  }

  #dataEnd(rest: Buffer): number {
    if (rest.length < 2) return 0;
    if (rest[0] !== 0x0d || rest[1] !== 0x0a) {
      throw fault('chunk-malformed', 'a chunk does not end where its size says');
    }
    this.#verifyChunk();
    this.#state = 'size';
    return 2;
  }

  #verifyChunk(): void {
    const { signatures } = this.#options;
    if (signatures === undefined || this.#hash === undefined) return;
    if (!equalSignatures(signatures.chunk(this.#hash.digest('hex')), this.#signature)) {
      throw fault('chunk-signature', "a chunk's signature does not match");
    }
  }

  #endTrailers(text: string): void {
    // Clients differ in the line ends here (LF, CRLF, an empty line before the signature), so empty lines mean nothing.
    if (!text.endsWith('\r\n')) {
      throw fault('chunk-incomplete', 'the body ended before its last empty line');
    }
    const all = text
      .split('\n')
      .map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
      .filter((line) => line !== '')
      .map(parseTrailer);
    const trailers = all.filter(({ name }) => name !== trailerSignature);
    if (trailers.length > 0 && !this.#options.trailers) {
      throw fault('chunk-malformed', 'there are trailers where the request announced none');
    }
    const { signatures } = this.#options;
    if (signatures !== undefined && this.#options.trailers) {
      const given = all.find(({ name }) => name === trailerSignature)?.value ?? '';
      if (!equalSignatures(signatures.trailer(trailersHash(trailers)), given)) {
        throw fault('chunk-signature', "the trailers' signature does not match");
      }
    }
    this.#trailers = trailers;
  }
}

const trailerSignature = 'x-amz-trailer-signature';

function trailersHash(trailers: readonly Trailer[]): string {
  return sha256Hex(trailers.map(({ name, value }) => `${name}:${value}\n`).join(''));
}

function parseTrailer(line: string): Trailer {
  const colon = line.indexOf(':');
  if (colon < 1) throw fault('chunk-malformed', 'a trailer is not NAME:VALUE');
  return { name: line.slice(0, colon).toLowerCase(), value: line.slice(colon + 1).trim() };
}

/** Encodes a payload, one chunk of `chunkBytes` after the other; signed where signatures are given. */
export function encodeAwsChunked(
  payload: Buffer,
  options: {
    readonly chunkBytes: number;
    readonly signatures?: ChunkSignatures;
    readonly trailers?: readonly Trailer[];
  },
): Buffer {
  const { chunkBytes, signatures, trailers } = options;
  const pieces: (string | Buffer)[] = [];
  for (let at = 0; at < payload.length; at += chunkBytes) {
    const piece = payload.subarray(at, at + chunkBytes);
    pieces.push(sizeLine(piece, signatures), piece, '\r\n');
  }
  pieces.push(sizeLine(Buffer.alloc(0), signatures));
  for (const { name, value } of trailers ?? []) pieces.push(`${name}:${value}\r\n`);
  if (signatures !== undefined && trailers !== undefined) {
    pieces.push(`${trailerSignature}:${signatures.trailer(trailersHash(trailers))}\r\n`);
  }
  pieces.push('\r\n');
  return Buffer.concat(
    pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece)),
  );
}

function sizeLine(piece: Buffer, signatures: ChunkSignatures | undefined): string {
  const size = piece.length.toString(16);
  if (signatures === undefined) return `${size}\r\n`;
  return `${size};chunk-signature=${signatures.chunk(sha256Hex(piece))}\r\n`;
}

function fault(code: string, what: string): SidecarError {
  return new SidecarError(`reading an aws-chunked body: ${what}`, { code, retryable: false });
}
