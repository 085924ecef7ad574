// Message heads: where one ends, and what it says. Strict to RFC 9112 sections 2 to 5; the bytes stay beside
// the strings, so that what goes on is what came.

import { COLON, CR, isIn, LF, SPACE, TAB, TARGET, TOKEN, VALUE } from './bytes.ts';
import { Breach } from './faults.ts';
import type { HeaderLine, RequestHead, ResponseHead } from './types.ts';

export const HEAD_BYTES_MAX = 128 * 1024;
export const HEAD_LINES_MAX = 1000;
/** A start line longer than this cannot be told from a flood. */
const START_LINE_MAX = 64 * 1024;

/** A head with the bytes it came from. */
export interface Parsed<Head> {
  readonly head: Head;
  readonly bytes: Buffer;
  /** Where each header line starts in `bytes`, and last, where the empty line does. */
  readonly offsets: readonly number[];
}

export type ParsedRequest = Parsed<RequestHead>;
export type ParsedResponse = Parsed<ResponseHead>;

/** Finds the end of a head that may come in pieces; looks at each byte once. */
export class HeadFinder {
  #looked = 0;
  #lineStart = 0;
  #lines = 0;
  #startChecked = false;
  readonly #checkStart: (line: string) => void;

  /** `checkStart` throws on a start line that is no use waiting for the rest of. */
  constructor(checkStart: (line: string) => void) {
    this.#checkStart = checkStart;
  }

  /** The length of the head at the start of `bytes`, or 0 as long as it is not whole. */
  find(bytes: Buffer): number {
    for (;;) {
      const end = bytes.indexOf(LF, this.#looked);
      if (end === -1) {
        this.#looked = bytes.length;
        this.#checkLimits(bytes.length);
        if (this.#lines > 0 && !this.#startChecked) {
          this.#startChecked = true;
          this.#checkStart(bytes.toString('latin1', 0, bytes.indexOf(LF) - 1));
        }
        return 0;
      }
      if (bytes[end - 1] !== CR) throw new Breach('a line ends without CR');
      if (this.#lines === 0 && end + 1 > START_LINE_MAX) throw new Breach('line too long', 414);
      if (end - 1 === this.#lineStart && this.#lines > 0) {
        this.#checkLimits(end + 1);
        this.#looked = 0;
        this.#lineStart = 0;
        this.#lines = 0;
        this.#startChecked = false;
        return end + 1;
      }
      this.#lines += 1;
      this.#lineStart = end + 1;
      this.#looked = end + 1;
    }
  }

  #checkLimits(length: number): void {
    if (this.#lines === 0 && length > START_LINE_MAX) throw new Breach('line too long', 414);
    if (length > HEAD_BYTES_MAX) throw new Breach(`head over ${HEAD_BYTES_MAX} bytes`, 431);
    if (this.#lines - 1 > HEAD_LINES_MAX) {
      throw new Breach(`head of over ${HEAD_LINES_MAX} lines`, 431);
    }
  }
}

export function parseRequest(bytes: Buffer): ParsedRequest {
  const text = bytes.toString('latin1');
  const end = text.indexOf('\r\n');
  const { method, target, version } = parseRequestLine(text, end);
  const offsets: number[] = [];
  const headers = parseFields(text, end + 2, offsets);
  return { head: { method, target, version, headers }, bytes, offsets };
}

export function parseResponse(bytes: Buffer): ParsedResponse {
  const text = bytes.toString('latin1');
  const end = text.indexOf('\r\n');
  const { status, reason, version } = parseStatusLine(text, end);
  const offsets: number[] = [];
  const headers = parseFields(text, end + 2, offsets);
  return { head: { status, reason, version, headers }, bytes, offsets };
}

type RequestLine = Pick<RequestHead, 'method' | 'target' | 'version'>;

/** `text` may go on behind `end`, where the line ends. */
export function parseRequestLine(text: string, end: number): RequestLine {
  let methodEnd = 0;
  while (isIn(TOKEN, text.charCodeAt(methodEnd))) methodEnd += 1;
  if (methodEnd === 0 || text.charCodeAt(methodEnd) !== SPACE) throw new Breach('bad method');
  let targetEnd = methodEnd + 1;
  while (isIn(TARGET, text.charCodeAt(targetEnd))) targetEnd += 1;
  if (targetEnd === methodEnd + 1) throw new Breach('bad request target');
  if (text.charCodeAt(targetEnd) !== SPACE) {
    throw new Breach(targetEnd === end ? 'no HTTP version' : 'bad byte in the request target');
  }
  return {
    method: text.slice(0, methodEnd),
    target: text.slice(methodEnd + 1, targetEnd),
    version: parseVersion(text.slice(targetEnd + 1, end)),
  };
}

type StatusLine = Pick<ResponseHead, 'status' | 'reason' | 'version'>;

function parseStatusLine(text: string, end: number): StatusLine {
  const version = parseVersion(text.slice(0, 8));
  const status = Number(text.slice(9, 12));
  // The space before an empty reason is often forgotten; nothing depends on it.
  if (text.charCodeAt(8) !== SPACE || !/^[1-9]\d\d(?: |$)/.test(text.slice(9, Math.min(end, 13)))) {
    throw new Breach('bad status line');
  }
  const reason = text.slice(Math.min(13, end), end);
  for (let at = 0; at < reason.length; at += 1) {
    if (!isIn(VALUE, reason.charCodeAt(at))) throw new Breach('bad byte in the reason phrase');
  }
  return { status, reason, version };
}

function parseVersion(text: string): '1.0' | '1.1' {
  if (text === 'HTTP/1.1') return '1.1';
  if (text === 'HTTP/1.0') return '1.0';
  if (/^HTTP\/\d\.\d$/.test(text)) throw new Breach('HTTP version not supported', 505);
  throw new Breach('bad HTTP version');
}

function parseFields(text: string, from: number, offsets: number[]): HeaderLine[] {
  const headers: HeaderLine[] = [];
  let at = from;
  while (text.charCodeAt(at) !== CR) {
    const end = text.indexOf('\r\n', at);
    offsets.push(at);
    headers.push(parseField(text, at, end));
    at = end + 2;
  }
  if (at !== text.length - 2) throw new Breach('bare CR in a head');
  offsets.push(at);
  return headers;
}

/** One field line between `start` and `end`, without its CRLF. */
export function parseField(text: string, start: number, end: number): HeaderLine {
  let nameEnd = start;
  while (isIn(TOKEN, text.charCodeAt(nameEnd))) nameEnd += 1;
  if (nameEnd === start || text.charCodeAt(nameEnd) !== COLON) {
    const code = text.charCodeAt(start);
    throw new Breach(code === SPACE || code === TAB ? 'folded header line' : 'bad header name');
  }
  let valueStart = nameEnd + 1;
  let at = valueStart;
  while (isIn(VALUE, text.charCodeAt(at))) at += 1;
  if (at !== end) throw new Breach('bad byte in a header value');
  while (valueStart < end && isBlank(text.charCodeAt(valueStart))) valueStart += 1;
  let valueEnd = end;
  while (valueEnd > valueStart && isBlank(text.charCodeAt(valueEnd - 1))) valueEnd -= 1;
  return { name: text.slice(start, nameEnd), value: text.slice(valueStart, valueEnd) };
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}
