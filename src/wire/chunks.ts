// The chunked coding (RFC 9112 section 7.1): validated as it passes, chunk borders, extensions and trailers kept.
//
//   size line ─▶ data ─▶ CRLF ─▶ size line … ─▶ "0" line ─▶ trailer lines ─▶ empty line: ended
//
// A line is passed on only when it is whole and good; the "0" line waits for the trailers, so that the end of a
// message is one piece.

import type { BodyReader, BodySink } from './body.ts';
import { CR, isIn, LF, VALUE } from './bytes.ts';
import { parseField } from './head.ts';

const LINE_MAX = 4096;
const TRAILERS_MAX = 16 * 1024;
/** Hex digits of a chunk size: 2^52 is more than any store takes. */
const DIGITS_MAX = 13;
const EMPTY = Buffer.alloc(0);
/** Trailers that would speak about framing, routing or who may do it (RFC 9110 section 6.5.1). */
const FORBIDDEN_TRAILERS = new Set([
  'authorization',
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export class ChunkedReader implements BodyReader {
  payloadWanted = false;
  #state: 'size' | 'data' | 'data end' | 'trailers' | 'ended' = 'size';
  #breach: string | undefined;
  /** Bytes of the current chunk's data that are still to come. */
  #left = 0;
  /** The start of a line whose end did not come yet. */
  #partial: Buffer = EMPTY;
  /** The "0" line and the trailers so far. */
  #end: Buffer[] = [];
  #endBytes = 0;

  get ended(): boolean {
    return this.#state === 'ended';
  }

  get breach(): string | undefined {
    return this.#breach;
  }

  read(bytes: Buffer, sink: BodySink): number {
    let at = 0;
    // What is good and not passed yet starts here.
    let start = 0;
    while (at < bytes.length && this.#state !== 'ended') {
      if (this.#state === 'data') {
        at = this.#takeData(bytes, at, sink);
        continue;
      }
      const lineEnd = bytes.indexOf(LF, at) + 1;
      const stop = lineEnd === 0 ? bytes.length : lineEnd;
      const whole = this.#partial.length === 0;
      const line = whole
        ? bytes.subarray(at, stop)
        : Buffer.concat([this.#partial, bytes.subarray(at, stop)]);
      this.#breach = this.#takeLine(line, lineEnd !== 0);
      const passes = this.#breach === undefined && lineEnd !== 0 && this.#end.length === 0;
      if (!passes || !whole) {
        if (at > start) sink.raw(bytes.subarray(start, at), false);
        if (passes) sink.raw(line, false);
        start = stop;
      }
      if (this.#breach !== undefined) return stop;
      this.#partial = lineEnd === 0 ? line : EMPTY;
      at = stop;
    }
    if (at > start) sink.raw(bytes.subarray(start, at), false);
    if (this.#state === 'ended') sink.raw(Buffer.concat(this.#end), true);
    return at;
  }

  #takeData(bytes: Buffer, at: number, sink: BodySink): number {
    const stop = Math.min(bytes.length, at + this.#left);
    if (this.payloadWanted) sink.payload(bytes.subarray(at, stop));
    this.#left -= stop - at;
    if (this.#left === 0) this.#state = 'data end';
    return stop;
  }

  /** Judges a line, or as much of one as came; moves on if it is whole and good. */
  #takeLine(line: Buffer, whole: boolean): string | undefined {
    if (this.#state === 'data end') {
      if (line.length > 2 || line[0] !== CR || (whole && line.length !== 2)) {
        return 'chunk data is longer than its size';
      }
      if (whole) this.#state = 'size';
      return undefined;
    }
    if (line.length + this.#endBytes > (this.#state === 'size' ? LINE_MAX : TRAILERS_MAX)) {
      return this.#state === 'size' ? 'chunk size line too long' : 'trailers too long';
    }
    if (!whole) return undefined;
    if (line[line.length - 2] !== CR) return 'a line of a chunked body ends without CR';
    return this.#state === 'size' ? this.#takeSize(line) : this.#takeTrailer(line);
  }

  #takeSize(line: Buffer): string | undefined {
    let size = 0;
    let at = 0;
    for (let digit = hexDigit(line[at]); digit !== -1; digit = hexDigit(line[at])) {
      size = size * 16 + digit;
      at += 1;
      if (at > DIGITS_MAX) return 'chunk size too large';
    }
    if (at === 0) return 'bad chunk size';
    if (at < line.length - 2 && line[at] !== SEMICOLON) return 'bad chunk size';
    for (; at < line.length - 2; at += 1) {
      if (!isIn(VALUE, line[at])) return 'bad byte in a chunk extension';
    }
    this.#left = size;
    this.#state = size === 0 ? 'trailers' : 'data';
    if (size === 0) this.#keepForEnd(line);
    return undefined;
  }

  #takeTrailer(line: Buffer): string | undefined {
    this.#keepForEnd(line);
    if (line.length === 2) {
      this.#state = 'ended';
      return undefined;
    }
    const text = line.toString('latin1');
    try {
      const { name } = parseField(text, 0, text.length - 2);
      return FORBIDDEN_TRAILERS.has(name.toLowerCase())
        ? `trailer ${name} is not allowed`
        : undefined;
    } catch (error) {
      return `trailers: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  #keepForEnd(line: Buffer): void {
    this.#end.push(line);
    this.#endBytes += line.length;
  }
}

const SEMICOLON = 59;

function hexDigit(code: number | undefined): number {
  if (code === undefined) return -1;
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
