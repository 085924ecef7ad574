// Reads a body out of a stream of bytes: says which of them may go on as they are, and where the body ends.

import { ChunkedReader } from './chunks.ts';
import type { Framing } from './framing.ts';

/** Where a reader puts what it found. */
export interface BodySink {
  /** Bytes that are good to pass on as they are; `last` for those that make the message whole. */
  raw(bytes: Buffer, last: boolean): void;
  /** The content in them, without transfer coding; only if the reader was told that it is wanted. */
  payload(bytes: Buffer): void;
}

export interface BodyReader {
  readonly ended: boolean;
  /** What broke HTTP. Nothing from the faulty line on was or will be passed. */
  readonly breach: string | undefined;
  payloadWanted: boolean;
  /** Takes bytes from the front of `bytes`; returns how many. */
  read(bytes: Buffer, sink: BodySink): number;
}

export function bodyReader(framing: Framing): BodyReader {
  if (framing.kind === 'chunked') return new ChunkedReader();
  if (framing.kind === 'length') return new CountedReader(framing.length);
  return new CountedReader(framing.kind === 'close' ? Number.POSITIVE_INFINITY : 0);
}

/** A body of so many bytes; an infinite one ends with the connection. */
class CountedReader implements BodyReader {
  readonly breach = undefined;
  payloadWanted = false;
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get ended(): boolean {
    return this.#left === 0;
  }

  read(bytes: Buffer, sink: BodySink): number {
    const count = Math.min(bytes.length, this.#left);
    const piece = count === bytes.length ? bytes : bytes.subarray(0, count);
    this.#left -= count;
    if (this.payloadWanted) sink.payload(piece);
    sink.raw(piece, this.#left === 0);
    return count;
  }
}
