// The canonical request of AWS Signature Version 4 as S3 wants it. One code for signing and for verifying: both
// start from the raw request target and header lines as they stand on the wire, so odd keys and bytes that are
// not ASCII come out alike on both sides. Strings are latin1: each character is one byte.

import { hash } from 'node:crypto';

export interface SignatureHeader {
  readonly name: string;
  readonly value: string;
}

/** Path and query of a raw request target, cut at the first question mark. */
export interface SplitTarget {
  readonly path: string;
  readonly query: string;
}

export function splitTarget(target: string): SplitTarget {
  const at = target.indexOf('?');
  if (at === -1) return { path: target, query: '' };
  return { path: target.slice(0, at), query: target.slice(at + 1) };
}

/**
 * S3 encodes a path once and normalises nothing: `//`, `.` and `..` stay. What the client chose to
 * percent-encode makes no difference, `%2F` and `/` included, and a plus sign is a plus sign.
 */
export function canonicalPath(path: string): string {
  return plainPath.test(path) ? path : recode(path, false);
}

const plainPath = /^[\w\-.~/]+$/;

/** Parameters sorted by encoded name and value; here a plus sign is a space. `except` names one to leave out. */
export function canonicalQuery(query: string, except?: string): string {
  if (query === '') return '';
  const pairs: [name: string, value: string][] = [];
  for (const piece of query.split('&')) {
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    const name = recode(equals === -1 ? piece : piece.slice(0, equals), true);
    const value = equals === -1 ? '' : recode(piece.slice(equals + 1), true);
    if (name !== except) pairs.push([name, value]);
  }
  pairs.sort(([a, x], [b, y]) => order(a, b) || order(x, y));
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}

export interface CanonicalHeaders {
  /** `name:value\n` for each name. */
  readonly block: string;
  /** `name;name`. */
  readonly names: string;
}

/** Repeated lines of one name become one with commas; runs of blanks become one blank. */
export function canonicalHeaders(headers: readonly SignatureHeader[]): CanonicalHeaders {
  const values = new Map<string, string>();
  for (const { name, value } of headers) {
    const lower = name.toLowerCase();
    const trimmed = trimAll(value);
    const before = values.get(lower);
    values.set(lower, before === undefined ? trimmed : `${before},${trimmed}`);
  }
  const names = [...values.keys()].toSorted(order);
  let block = '';
  for (const name of names) block += `${name}:${values.get(name) ?? ''}\n`;
  return { block, names: names.join(';') };
}

export interface CanonicalParts {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: CanonicalHeaders;
  readonly payloadHash: string;
}

export function canonicalRequest(parts: CanonicalParts): string {
  return [
    parts.method,
    parts.path,
    parts.query,
    parts.headers.block,
    parts.headers.names,
    parts.payloadHash,
  ].join('\n');
}

/** Lower-case hexadecimal SHA-256; a string is hashed by its latin1 bytes. */
export function sha256Hex(bytes: string | Uint8Array): string {
  return hash('sha256', typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, 'hex');
}

/** Encodes all bytes but the unreserved ones, as SigV4's UriEncode does; the text is UTF-8. */
export function uriEncode(text: string): string {
  return recode(Buffer.from(text).toString('latin1').replaceAll('%', '%25'), true, false);
}

/** Decodes what is percent-encoded and encodes all but the unreserved bytes (and `/` in paths). */
function recode(text: string, isQuery: boolean, plusIsSpace = isQuery): string {
  let result = '';
  for (let at = 0; at < text.length; at++) {
    let code = text.charCodeAt(at) & 255;
    if (code === percent) {
      const decoded = hexByte(text, at + 1);
      if (decoded !== -1) {
        code = decoded;
        at += 2;
      }
    } else if (code === plus && plusIsSpace) {
      code = 0x20;
    }
    result += code === slash && !isQuery ? '/' : encoded[code];
  }
  return result;
}

const percent = 0x25;
const plus = 0x2b;
const slash = 0x2f;

const encoded: readonly string[] = Array.from({ length: 256 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/[A-Za-z0-9\-._~]/.test(character)) return character;
  return `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
});

function hexByte(text: string, at: number): number {
  const digits = text.slice(at, at + 2);
  return /^[0-9a-fA-F]{2}$/.test(digits) ? Number.parseInt(digits, 16) : -1;
}

/** Only blanks and tabs: other "white space" of JavaScript, like 0xA0, can be half of a UTF-8 character. */
function trimAll(value: string): string {
  if (!value.includes('  ') && !value.includes('\t')) return trimBlanks(value);
  return trimBlanks(value.replaceAll(/[ \t]+/g, ' '));
}

function trimBlanks(value: string): string {
  const start = value.startsWith(' ') ? 1 : 0;
  const end = value.length > start && value.endsWith(' ') ? value.length - 1 : value.length;
  return value.slice(start, end);
}

/** All names and values are ASCII by now, so comparing characters is comparing bytes. */
function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
