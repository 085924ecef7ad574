// Looking up header lines: by name for interceptors, and in one pass over a head for what concerns the wire.

import { Breach } from './faults.ts';
import type { HeaderLine } from './types.ts';

/** The first value of a header, in any case. */
export function header(headers: readonly HeaderLine[], name: string): string | undefined {
  const wanted = name.toLowerCase();
  for (const line of headers) {
    if (isNamed(line, wanted)) return line.value;
  }
  return undefined;
}

/** All values of a header, in order, in any case. */
export function headerValues(headers: readonly HeaderLine[], name: string): string[] {
  const wanted = name.toLowerCase();
  return headers.filter((line) => isNamed(line, wanted)).map((line) => line.value);
}

function isNamed(line: HeaderLine, lowerCase: string): boolean {
  return line.name.length === lowerCase.length && line.name.toLowerCase() === lowerCase;
}

/** What a head says to the wire. Indexes point into the header lines. */
export interface Survey {
  readonly lengths: readonly number[];
  readonly codings: readonly number[];
  readonly hosts: readonly number[];
  readonly expect: string | undefined;
  /** The lines that concern one connection only and do not go on (RFC 9110 section 7.6.1). */
  readonly hopByHop: readonly number[];
  readonly close: boolean;
  /** The source's hint how long it keeps an idle connection, in seconds. */
  readonly keepAliveSeconds: number | undefined;
}

const NONE: number[] = [];

export function survey(headers: readonly HeaderLine[]): Survey {
  let lengths: number[] | undefined;
  let codings: number[] | undefined;
  let hosts: number[] | undefined;
  let hopByHop: number[] | undefined;
  let connection: string | undefined;
  let expect: string | undefined;
  let keepAliveSeconds: number | undefined;
  for (let index = 0; index < headers.length; index += 1) {
    const line = headers[index];
    if (line === undefined || !LENGTHS.has(line.name.length)) continue;
    const name = line.name.toLowerCase();
    if (name === 'content-length') (lengths ??= []).push(index);
    else if (name === 'transfer-encoding') (codings ??= []).push(index);
    else if (name === 'host') (hosts ??= []).push(index);
    else if (name === 'expect') expect = line.value;
    else if (HOP_BY_HOP.has(name)) {
      (hopByHop ??= []).push(index);
      if (name === 'connection') connection = joined(connection, line.value);
      if (name === 'keep-alive') keepAliveSeconds = timeoutOf(line.value);
    }
  }
  const options = connection === undefined ? undefined : connectionOptions(connection);
  if (options !== undefined) hopByHop = withNamed(hopByHop ?? NONE, headers, options);
  const close = options?.includes('close') ?? false;
  return {
    lengths: lengths ?? NONE,
    codings: codings ?? NONE,
    hosts: hosts ?? NONE,
    hopByHop: hopByHop ?? NONE,
    expect,
    close,
    keepAliveSeconds,
  };
}

// Transfer-Encoding and Trailer are hop-by-hop too, but they are the body's framing, and that passes as it is.
// The Proxy-Auth… pair passes: this proxy asks for no authentication of its own.
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'upgrade']);
const LENGTHS = new Set(
  [...HOP_BY_HOP, 'content-length', 'transfer-encoding', 'host', 'expect'].map(
    (name) => name.length,
  ),
);

/** Names that a Connection header must never take out of a message. */
const END_TO_END = new Set([
  'accept',
  'age',
  'allow',
  'authorization',
  'cache-control',
  'cookie',
  'date',
  'etag',
  'expect',
  'expires',
  'forwarded',
  'host',
  'last-modified',
  'location',
  'origin',
  'pragma',
  'proxy-authenticate',
  'proxy-authorization',
  'range',
  'referer',
  'retry-after',
  'server',
  'set-cookie',
  'trailer',
  'transfer-encoding',
  'user-agent',
  'vary',
  'via',
  'www-authenticate',
]);
const END_TO_END_PREFIX = /^(?:x-|content-|if-|accept-|access-control-)/;

const TOKENS = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

function connectionOptions(value: string): string[] {
  const options = value
    .toLowerCase()
    .split(',')
    .map((option) => option.trim())
    .filter((option) => option !== '');
  for (const option of options) {
    if (!TOKENS.test(option)) {
      throw new Breach('bad Connection header');
    }
    if (END_TO_END.has(option) || END_TO_END_PREFIX.test(option)) {
      throw new Breach(`the Connection header names ${option}, which is end-to-end`);
    }
  }
  return options;
}

function withNamed(indexes: number[], headers: readonly HeaderLine[], options: string[]): number[] {
  const named = new Set(options);
  if (options.every((option) => option === 'close' || HOP_BY_HOP.has(option))) return indexes;
  const all = new Set(indexes);
  headers.forEach((line, index) => {
    if (named.has(line.name.toLowerCase())) all.add(index);
  });
  return [...all].toSorted((left, right) => left - right);
}

function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before},${value}`;
}

function timeoutOf(value: string): number | undefined {
  const match = /(?:^|[,\s])timeout=(\d{1,6})/i.exec(value);
  return match === null ? undefined : Number(match[1]);
}
