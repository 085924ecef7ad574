// Where a body ends (RFC 9112 section 6), and who is spoken to. Every doubt is a breach, never a guess.

import { Breach } from './faults.ts';
import type { Survey } from './fields.ts';
import type { Parsed, ParsedRequest, ParsedResponse } from './head.ts';
import type { RequestHead, ResponseHead } from './types.ts';

export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'close' };

const NONE: Framing = { kind: 'none' };
const CHUNKED: Framing = { kind: 'chunked' };
const CLOSE: Framing = { kind: 'close' };

export function requestFraming(request: ParsedRequest, found: Survey): Framing {
  const declared = declaredFraming(request, found);
  if (declared === CHUNKED && request.head.version === '1.0') {
    throw new Breach('Transfer-Encoding in an HTTP/1.0 request');
  }
  return declared ?? NONE;
}

export function responseFraming(response: ParsedResponse, found: Survey, method: string): Framing {
  const { status, version } = response.head;
  const declared = declaredFraming(response, found);
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return NONE;
  if (declared === CHUNKED && version === '1.0') {
    throw new Breach('Transfer-Encoding in an HTTP/1.0 answer');
  }
  return declared ?? CLOSE;
}

function declaredFraming(
  message: Parsed<RequestHead | ResponseHead>,
  found: Survey,
): Framing | undefined {
  const { lengths, codings } = found;
  const [coding] = codings;
  const [length] = lengths;
  if (coding !== undefined) {
    if (length !== undefined) throw new Breach('both Content-Length and Transfer-Encoding');
    if (codings.length > 1) throw new Breach('more than one Transfer-Encoding');
    checkCoding(exactValue(message, coding));
    return CHUNKED;
  }
  if (length === undefined) return undefined;
  if (lengths.length > 1) throw new Breach('more than one Content-Length');
  return { kind: 'length', length: parseLength(exactValue(message, length)) };
}

/** The value of a framing header, which may stand behind one space and nothing else: odd spacing is an old trick. */
function exactValue(message: Parsed<RequestHead | ResponseHead>, index: number): string {
  const line = message.head.headers[index];
  const start = message.offsets[index];
  const end = message.offsets[index + 1];
  if (line === undefined || start === undefined || end === undefined) return '';
  const blanks = end - start - line.name.length - line.value.length - ':\r\n'.length;
  const first = message.bytes[start + line.name.length + 1];
  if (blanks > 1 || (blanks === 1 && first !== 32)) throw new Breach(`odd spacing in ${line.name}`);
  return line.value;
}

function checkCoding(value: string): void {
  // Case does not matter to the RFC, but it does to parsers that were written in haste.
  if (value === 'chunked') return;
  const coding = value.toLowerCase();
  // A list of well-formed codings that we do not know; RFC 9112 section 6.1 wants 501 for those.
  const known = /^[a-z0-9!#$%&'*+.^_`|~-]+(?:, ?[a-z0-9!#$%&'*+.^_`|~-]+)*$/.test(coding);
  const chunkedInside = /chunked(?!$)/.test(coding) || coding.split('chunked').length > 2;
  if (known && !chunkedInside && coding !== 'chunked')
    throw new Breach('unknown transfer coding', 501);
  throw new Breach('Transfer-Encoding is not exactly "chunked"');
}

function parseLength(value: string): number {
  if (!/^\d{1,16}$/.test(value)) throw new Breach('bad Content-Length');
  const length = Number(value);
  if (!Number.isSafeInteger(length)) throw new Breach('Content-Length too large');
  return length;
}

/** Refuses requests that are ambiguous about whom they speak to, or that want a tunnel. */
export function checkAddressee(request: RequestHead, found: Survey): void {
  const [index] = found.hosts;
  const host = index === undefined ? undefined : request.headers[index]?.value;
  if (found.hosts.length > 1) throw new Breach('more than one Host');
  if (host === undefined && request.version === '1.1') throw new Breach('no Host');
  if (host !== undefined && !HOST.test(host)) throw new Breach('bad Host');
  if (request.target.startsWith('/')) {
    if (request.method === 'CONNECT') throw new Breach('CONNECT is not served');
    return;
  }
  if (request.method === 'CONNECT') throw new Breach('CONNECT is not served');
  if (request.target === '*' && request.method === 'OPTIONS') return;
  const authority = /^https?:\/\/([^/?#]+)(?:[/?]|$)/i.exec(request.target)?.[1];
  if (authority === undefined) throw new Breach('bad request target');
  if (authority.toLowerCase() !== host?.toLowerCase()) {
    throw new Breach('the request target and Host name different authorities');
  }
}

// A registered name or IPv4 address (no comma: that would be a list), or an IP literal; then perhaps a port.
const HOST = /^(?:[A-Za-z0-9._~!$&'()*+;=%-]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/;
