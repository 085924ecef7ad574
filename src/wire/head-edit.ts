// Makes the head that goes on out of the one that came: its own bytes, less some lines, plus some.

import assert from 'node:assert';
import { STATUS_CODES } from 'node:http';
import type { Parsed } from './head.ts';
import type { HeaderLine, Reply, RequestHead, ResponseHead } from './types.ts';

const CLOSE: HeaderLine = { name: 'Connection', value: 'close' };

/** The pieces of a head without the lines at these indexes (in order), and with others after the last line. */
export function editHead(
  { bytes, offsets }: Parsed<RequestHead | ResponseHead>,
  remove: readonly number[],
  add: readonly HeaderLine[] = [],
): Buffer[] {
  if (remove.length === 0 && add.length === 0) return [bytes];
  const pieces: Buffer[] = [];
  let start = 0;
  for (const index of remove) {
    const lineStart = offsets[index] ?? start;
    if (lineStart > start) pieces.push(bytes.subarray(start, lineStart));
    start = offsets[index + 1] ?? start;
  }
  const end = bytes.length - 2;
  if (add.length === 0) {
    pieces.push(bytes.subarray(start));
    return pieces;
  }
  if (end > start) pieces.push(bytes.subarray(start, end));
  pieces.push(Buffer.from(`${linesOf(add)}\r\n`, 'latin1'));
  return pieces;
}

/** Adds the indexes of the lines with these lower-case names, in order. */
export function withNames(
  indexes: readonly number[],
  headers: readonly HeaderLine[],
  names: readonly string[],
): readonly number[] {
  if (names.length === 0) return indexes;
  const all = new Set(indexes);
  headers.forEach((line, index) => {
    if (names.includes(line.name.toLowerCase())) all.add(index);
  });
  return [...all].toSorted((left, right) => left - right);
}

export function withClose(
  lines: readonly HeaderLine[] = [],
  close: boolean,
): readonly HeaderLine[] {
  return close ? [...lines, CLOSE] : lines;
}

/** The bytes of an answer of our own. */
export function renderReply(reply: Reply, method: string | undefined, close: boolean): Buffer[] {
  const bodiless = reply.status === 204 || reply.status === 304;
  const length = { name: 'Content-Length', value: String(reply.body.length) };
  const lines = withClose(bodiless ? reply.headers : [...reply.headers, length], close);
  const start = `HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status] ?? ''}\r\n`;
  const head = Buffer.from(`${start}${linesOf(lines)}\r\n`, 'latin1');
  return bodiless || method === 'HEAD' ? [head] : [head, reply.body];
}

function linesOf(lines: readonly HeaderLine[]): string {
  let text = '';
  for (const { name, value } of lines) {
    // Whoever composed it, a line of ours never becomes two.
    assert(!/[\r\n\0]/.test(name + value), `line break in header ${name}`);
    text += `${name}: ${value}\r\n`;
  }
  return text;
}
