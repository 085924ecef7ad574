// What the wire refuses, and why. The tests try each of these, and the table in docs/wire.md is made from them.

export interface Refusal<Case> {
  /** What could come of it. */
  readonly why: string;
  readonly status: number;
  readonly cases: Readonly<Record<string, Case>>;
}

const HEAD = 'GET / HTTP/1.1\r\nHost: h\r\n';

/** Requests of which nothing reaches the source. */
export const REFUSED_REQUESTS: readonly Refusal<string>[] = [
  {
    why: 'Two who count differently see two different requests: the second is smuggled past the first (RFC 9112 section 6.3)',
    status: 400,
    cases: {
      'both lengths': `${HEAD}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`,
      'two equal lengths': `${HEAD}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`,
      'two lengths': `${HEAD}Content-Length: 3\r\ncontent-length: 4\r\n\r\nabc`,
      'a list of lengths': `${HEAD}Content-Length: 3, 3\r\n\r\nabc`,
    },
  },
  {
    why: 'A number that parsers read in different ways, or cannot hold (RFC 9110 section 8.6)',
    status: 400,
    cases: {
      'a signed length': `${HEAD}Content-Length: +3\r\n\r\nabc`,
      'a negative length': `${HEAD}Content-Length: -3\r\n\r\nabc`,
      'a hexadecimal length': `${HEAD}Content-Length: 0x3\r\n\r\nabc`,
      'an empty length': `${HEAD}Content-Length:\r\n\r\nabc`,
      'a length with a space inside': `${HEAD}Content-Length: 3 3\r\n\r\nabc`,
      'a length with a space behind': `${HEAD}Content-Length: 3 \r\n\r\nabc`,
      'a length behind a tab': `${HEAD}Content-Length:\t3\r\n\r\nabc`,
      'a length beyond integers': `${HEAD}Content-Length: 9007199254740993\r\n\r\n`,
      'a length that overflows': `${HEAD}Content-Length: 18446744073709551619\r\n\r\n`,
    },
  },
  {
    why: 'Some parsers see `chunked` here and others do not; so it is `chunked` alone, in HTTP/1.1, or nothing (RFC 9112 section 6.1)',
    status: 400,
    cases: {
      'chunked twice': `${HEAD}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`,
      'chunked in a list twice': `${HEAD}Transfer-Encoding: chunked, chunked\r\n\r\n`,
      'chunked in another case': `${HEAD}Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n`,
      'chunked not last': `${HEAD}Transfer-Encoding: chunked, gzip\r\n\r\n`,
      'an empty coding before chunked': `${HEAD}Transfer-Encoding: ,chunked\r\n\r\n`,
      'a quoted coding': `${HEAD}Transfer-Encoding: "chunked"\r\n\r\n`,
      'chunked behind two spaces': `${HEAD}Transfer-Encoding:  chunked\r\n\r\n`,
      'chunked behind a tab': `${HEAD}Transfer-Encoding:\tchunked\r\n\r\n`,
      'chunked with a space behind': `${HEAD}Transfer-Encoding: chunked \r\n\r\n`,
      'chunked in HTTP/1.0': 'GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n',
    },
  },
  {
    why: 'A body whose end cannot be known; the RFC wants this status (RFC 9112 section 6.1)',
    status: 501,
    cases: {
      'an unknown coding': `${HEAD}Transfer-Encoding: gzip\r\n\r\n`,
      'an unknown coding before chunked': `${HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n`,
    },
  },
  {
    why: 'Some parsers end a line here and others go on, so that one line becomes two, or two one (RFC 9112 sections 2.2 and 5.2)',
    status: 400,
    cases: {
      'a folded line': `${HEAD}X: a\r\n b\r\n\r\n`,
      'a folded line by a tab': `${HEAD}X: a\r\n\tb\r\n\r\n`,
      'a bare LF': `GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n`,
      'a bare CR in a value': `${HEAD}X: a\rb\r\n\r\n`,
      'two CR at a line end': `${HEAD}X: a\r\r\n\r\n`,
    },
  },
  {
    why: 'Bytes that no header may hold, and that parsers cut, drop or take for an end (RFC 9110 section 5.5)',
    status: 400,
    cases: {
      'NUL in a value': `${HEAD}X: a\0b\r\n\r\n`,
      'DEL in a value': `${HEAD}X: a\x7fb\r\n\r\n`,
      'ESC in a value': `${HEAD}X: a\x1bb\r\n\r\n`,
    },
  },
  {
    why: 'Some parsers trim such a name, others take it for another header (RFC 9112 section 5.1)',
    status: 400,
    cases: {
      'a control in a name': `${HEAD}X\x01: a\r\n\r\n`,
      'a space before the colon': `${HEAD}X : a\r\n\r\n`,
      'a tab before the colon': `${HEAD}Content-Length\t: 3\r\n\r\nabc`,
      'an empty name': `${HEAD}: a\r\n\r\n`,
      'a name beyond ASCII': `${HEAD}X\xe9: a\r\n\r\n`,
      'a bracket in a name': `${HEAD}X(y): a\r\n\r\n`,
      'a line without a colon': `${HEAD}nonsense\r\n\r\n`,
    },
  },
  {
    why: 'Not a request line of HTTP/1 (RFC 9112 section 3)',
    status: 400,
    cases: {
      'a header before the request line': 'Host: h\r\n\r\n',
      'HTTP/0.9': 'GET /\r\n\r\n',
      'HTTP/0.9 whose head goes on': 'GET /\r\n',
      'a version in lower case': 'GET / http/1.1\r\nHost: h\r\n\r\n',
      'a version with a sign': 'GET / HTTP/+1.1\r\nHost: h\r\n\r\n',
      'a space behind the version': 'GET / HTTP/1.1 \r\nHost: h\r\n\r\n',
      'two spaces before the target': 'GET  / HTTP/1.1\r\nHost: h\r\n\r\n',
      'a tab before the target': 'GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n',
      'a tab before the version': 'GET /\tHTTP/1.1\r\nHost: h\r\n\r\n',
      'a space in the target': 'GET /a b HTTP/1.1\r\nHost: h\r\n\r\n',
      'a control in the target': 'GET /a\x01 HTTP/1.1\r\nHost: h\r\n\r\n',
      'a bad method': 'G(T / HTTP/1.1\r\nHost: h\r\n\r\n',
    },
  },
  {
    why: 'A version that is not spoken here, and neither is its framing (RFC 9110 section 15.6.6)',
    status: 505,
    cases: {
      'the HTTP/2 preface': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      'HTTP/1.2': 'GET / HTTP/1.2\r\nHost: h\r\n\r\n',
      'HTTP/3.1': 'GET / HTTP/3.1\r\nHost: h\r\n\r\n',
    },
  },
  {
    why: 'A target of none of the forms that its method may have (RFC 9112 section 3.2)',
    status: 400,
    cases: {
      'a target of no form': 'GET a/b HTTP/1.1\r\nHost: h\r\n\r\n',
      'an asterisk for GET': 'GET * HTTP/1.1\r\nHost: h\r\n\r\n',
    },
  },
  {
    why: 'Cannot be told from a flood (RFC 9112 section 3)',
    status: 414,
    cases: {
      'a request line too long': `GET /${'a'.repeat(70_000)} HTTP/1.1\r\nHost: h\r\n\r\n`,
    },
  },
  {
    why: 'Over 128 KiB or 1,000 lines, more than any store takes (RFC 6585 section 5)',
    status: 431,
    cases: {
      'a head too long': `${HEAD}X: ${'a'.repeat(140_000)}\r\n\r\n`,
      'a head of too many lines': `${HEAD}${'X: a\r\n'.repeat(1001)}\r\n`,
    },
  },
  {
    why: 'It must be clear to whom a request speaks, else two hops send it to two places (RFC 9112 section 3.2)',
    status: 400,
    cases: {
      'no Host': 'GET / HTTP/1.1\r\nX: y\r\n\r\n',
      'two Hosts': `${HEAD}Host: h\r\n\r\n`,
      'two Hosts in HTTP/1.0': 'GET / HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n',
      'an empty Host': 'GET / HTTP/1.1\r\nHost:\r\n\r\n',
      'a Host with a path': 'GET / HTTP/1.1\r\nHost: h/x\r\n\r\n',
      'a Host with a user': 'GET / HTTP/1.1\r\nHost: u@h\r\n\r\n',
      'a list of Hosts': 'GET / HTTP/1.1\r\nHost: a, b\r\n\r\n',
      'a Host with a bad port': 'GET / HTTP/1.1\r\nHost: h:8x\r\n\r\n',
    },
  },
  {
    why: 'The target and Host name two places, and each hop picks one (RFC 9112 section 3.2.2)',
    status: 400,
    cases: {
      'an absolute target elsewhere': 'GET http://other/ HTTP/1.1\r\nHost: h\r\n\r\n',
      'an absolute target with a user': 'GET http://u@h/ HTTP/1.1\r\nHost: h\r\n\r\n',
      'an absolute target without Host': 'GET http://h/ HTTP/1.0\r\n\r\n',
    },
  },
  {
    why: 'A tunnel would lead past the sidecar (RFC 9110 section 9.3.6)',
    status: 400,
    cases: {
      CONNECT: 'CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n',
      'CONNECT with a path': 'CONNECT / HTTP/1.1\r\nHost: h\r\n\r\n',
    },
  },
  {
    why: 'It would take signed headers, or framing, out of the request on its way (RFC 9110 section 7.6.1)',
    status: 400,
    cases: {
      'Connection naming authorization': `${HEAD}Connection: close, Authorization\r\n\r\n`,
      'Connection naming host': `${HEAD}Connection: host\r\n\r\n`,
      'Connection naming content-length': `${HEAD}Connection: content-length\r\n\r\n`,
      'Connection naming an x-amz header': `${HEAD}Connection: x-amz-date\r\n\r\n`,
      'Connection twice, naming': `${HEAD}Connection: close\r\nConnection: Transfer-Encoding\r\n\r\n`,
      'a Connection that is no list': `${HEAD}Connection: "close"\r\n\r\n`,
    },
  },
];

/** What is good of a chunked body, and what is not: the source gets the former alone. */
export const REFUSED_BODIES: readonly Refusal<readonly [good: string, faulty: string]>[] = [
  {
    why: 'A size that parsers read in different ways, or cannot hold, moves the next chunk, and with it the next request (RFC 9112 section 7.1)',
    status: 400,
    cases: {
      'a sign': ['2\r\nab\r\n', '+2\r\ncd\r\n0\r\n\r\n'],
      'a space before': ['2\r\nab\r\n', ' 2\r\ncd\r\n0\r\n\r\n'],
      'a space behind': ['2\r\nab\r\n', '2 \r\ncd\r\n0\r\n\r\n'],
      'an overflow': ['2\r\nab\r\n', 'fffffffffffffffff\r\ncd'],
      '0x': ['2\r\nab\r\n', '0x2\r\ncd\r\n0\r\n\r\n'],
      'no digits': ['2\r\nab\r\n', '\r\ncd\r\n0\r\n\r\n'],
      'only an extension': ['', ';x\r\ncd\r\n0\r\n\r\n'],
    },
  },
  {
    why: 'Some parsers end a line or a chunk here and others go on (RFC 9112 sections 2.2 and 7.1)',
    status: 400,
    cases: {
      'a bare LF': ['2\r\nab\r\n', '2\ncd\r\n0\r\n\r\n'],
      'a bare CR in an extension': ['', '2;a=\rb\r\ncd\r\n0\r\n\r\n'],
      'data longer than its size': ['2\r\nab', 'c\r\n0\r\n\r\n'],
      'data without CRLF': ['2\r\nab', '\n0\r\n\r\n'],
    },
  },
  {
    why: 'Nobody reads extensions, so they are a place to hide in or to flood (RFC 9112 section 7.1.1)',
    status: 400,
    cases: {
      'a control in an extension': ['', '2;a=\x01\r\ncd\r\n0\r\n\r\n'],
      'an extension too long': ['', `2;${'x'.repeat(5000)}`],
    },
  },
  {
    why: 'Trailers are merged into the head by some: they say nothing of framing, routing or rights, and are lines as strict as those (RFC 9110 section 6.5.1)',
    status: 400,
    cases: {
      'a trailer about framing': ['2\r\nab\r\n', '0\r\nContent-Length: 3\r\n\r\n'],
      'a folded trailer': ['2\r\nab\r\n', '0\r\nX: y\r\n z\r\n\r\n'],
      'a trailer that is no field': ['2\r\nab\r\n', '0\r\nxyz\r\n\r\n'],
      'trailers too long': ['2\r\nab\r\n', `0\r\nX: ${'y'.repeat(17_000)}`],
    },
  },
];

/** Answers of the source that no client gets to see. */
export const REFUSED_ANSWERS: readonly Refusal<string>[] = [
  {
    why: 'Not an answer of HTTP/1 (RFC 9112 section 4)',
    status: 502,
    cases: {
      'no HTTP': 'SSH-2.0-OpenSSH\r\n',
      'a bad status': 'HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n',
      'another version': 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n',
    },
  },
  {
    why: 'Where it ends is in doubt, and what follows would be taken for the answer to another request (RFC 9112 section 6.3)',
    status: 502,
    cases: {
      'both lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na',
      'a list of lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\na',
      'a signed length': 'HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na',
      'a length behind a tab': 'HTTP/1.1 200 OK\r\nContent-Length:\t1\r\n\r\na',
      'a length that overflows': 'HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551617\r\n\r\na',
      'chunked twice':
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'chunked in another case': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n',
      'chunked not last': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n',
      'an unknown coding': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n',
      'chunked in HTTP/1.0': 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    },
  },
  {
    why: 'Some parsers end a line or a value here and others go on (RFC 9112 sections 2.2, 5.1 and 5.2)',
    status: 502,
    cases: {
      'a folded line': 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n',
      'a bare CR in a value': 'HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n',
      'NUL in a value': 'HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n',
      'a space before the colon': 'HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n',
      'a bare LF': 'HTTP/1.1 200 OK\nContent-Length: 0\n\n',
    },
  },
  {
    why: 'Nobody asked for a tunnel: Upgrade never goes on (RFC 9110 section 15.2.2)',
    status: 502,
    cases: {
      'a switch of protocols': 'HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n',
    },
  },
  {
    why: 'It would take framing out of the answer on its way (RFC 9110 section 7.6.1)',
    status: 502,
    cases: {
      'Connection naming content-length':
        'HTTP/1.1 200 OK\r\nConnection: content-length\r\nContent-Length: 0\r\n\r\n',
    },
  },
  {
    why: 'Over 128 KiB or 1,000 lines',
    status: 502,
    cases: {
      'a head of too many lines': `HTTP/1.1 200 OK\r\n${'X: a\r\n'.repeat(1001)}\r\n`,
      'a head too long': `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(140_000)}\r\n\r\n`,
    },
  },
];

/** Each single case of a table, with its status. */
export function* casesOf<Case>(
  table: readonly Refusal<Case>[],
): Generator<readonly [what: string, sample: Case, status: number]> {
  for (const { status, cases } of table) {
    for (const [what, sample] of Object.entries(cases)) yield [what, sample, status];
  }
}

/** A table in Markdown: a row for each reason. */
export function renderRefusals(table: readonly Refusal<unknown>[]): string {
  const rows = table.map(({ why, status, cases }) => {
    return `| ${Object.keys(cases).join('; ')} | ${status} | ${why} |\n`;
  });
  return `| refused | status | why |\n|---|---|---|\n${rows.join('')}`;
}
