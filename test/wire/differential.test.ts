// With a wire between them, a client and an origin get the same bytes as without: each conversation below is held
// twice, in every way that a wire can stand between the two.

import test from 'ava';
import {
  answers,
  answersAndEnds,
  asks,
  assertSame,
  capture,
  conversation,
  converse,
  end,
  openDirect,
  openPassage,
  over,
  type Passage,
  type Step,
  send,
  takes,
  takesBody,
} from './conversation.ts';
import { makeIdentity } from './identity.ts';

const HOST = 'Host: s3.example:9000\r\n';
const EMPTY = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const HELLO = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n';
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

const EVERY_BYTE = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
const CHUNKS =
  '5;a=b;c\r\nhello\r\n00A\r\n0123456789\r\n1F;q="x y"\r\n' +
  `${'\r\n0\r\n\r\nGET / HTTP/1.1\r\n'.padEnd(31, '-')}\r\n000;last\r\nX-Sum: abc\r\nx-t:\r\nX-SUM:\t2 \r\n\r\n`;

function get(lines: string, target = '/bucket/key'): string {
  return `GET ${target} HTTP/1.1\r\n${HOST}${lines}\r\n`;
}

function put(lines: string): string {
  return `PUT /bucket/key HTTP/1.1\r\n${HOST}${lines}\r\n`;
}

function ok(lines: string): string {
  return `HTTP/1.1 200 OK\r\n${lines}\r\n`;
}

function utf8(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** So many bytes of header lines, each with a name of its own. */
function metadata(bytes: number): string {
  let text = '';
  for (let index = 0; text.length < bytes; index += 1) {
    text += `x-amz-meta-${index}: ${'v'.repeat(400)}\r\n`;
  }
  return text;
}

/** A head of exactly this length. */
function sized(start: string, bytes: number): string {
  const head = `${start}${metadata(bytes - 2000)}X-Rest: `;
  return `${head}${'r'.repeat(bytes - head.length - 4)}\r\n\r\n`;
}

const HEADS: Readonly<Record<string, string>> = {
  'order, case and repetition': 'X-B: 1\r\nx-a: 2\r\nx-b: 3\r\nX-A: 4\r\nx-B: 1\r\n',
  'empty values': 'X-A:\r\nX-B: \r\nX-C:\t \t\r\nX-A:\r\n',
  'spaces and tabs around and within values':
    'A:b\r\nC:   d  \r\nE:\tf\tg  h\t\r\nI: ,, ; "\\"" \r\n',
  'Latin-1 values': 'X-Amz-Meta-A: \xe9\xff\xa0\x80\r\n',
  'UTF-8 values': `X-Amz-Meta-A: ${utf8('ключ 鍵 🔑')}\r\n`,
  'names of every token character': "!#$%&'*+.^_`|~09AZaz-: x\r\n_: y\r\n1: z\r\n",
  'names of over 255 bytes': `x-amz-meta-${'n'.repeat(300)}: v\r\nX-${'M'.repeat(5000)}:\r\n`,
  'a value of 8 KiB': `Cookie: ${'c'.repeat(8192)}\r\n`,
  '64 KiB of lines': metadata(64 * 1024),
  '999 lines and one': 'X: y\r\n'.repeat(999 - 2),
  'names like those of framing':
    'Content-Lengt: 5\r\nXContent-Length: 5\r\nTransfer_Encoding: chunked\r\n',
  'what a proxy likes to add or to touch':
    'Date: x\r\nVia: 1.0 a\r\nX-Forwarded-For: 1.2.3.4\r\nForwarded: for=x\r\nServer: s\r\n' +
    'Accept-Encoding: gzip;q=0, identity\r\nUser-Agent: \r\nCache-Control: no-transform\r\nAge: 1\r\n',
  'the pair of a proxy with a password':
    'Proxy-Authorization: Basic eA==\r\nProxy-Authenticate: x\r\n',
  'conditions and ranges': 'If-Match: "a", "b"\r\nIf-None-Match: *\r\nRange: bytes=0-0,-1\r\n',
  'hop-by-hop lines in any case and place':
    'KEEP-ALIVE: timeout=9, max=3\r\nA: 1\r\nconnection:  Keep-Alive ,, Foo,\r\nB: 2\r\nfoo: 1\r\n' +
    'Connection: bar\r\nBar: 2\r\nTe: trailers\r\nbar: 3\r\nProxy-Connection: keep-alive\r\nUpgrade: h2c\r\nC: 3\r\n',
};

const TARGETS: readonly string[] = [
  '/',
  '//',
  '//bucket//key//',
  '/a%2Fb%2fc',
  '/%2e%2E/./../.',
  '/../../etc/passwd',
  '/a\\b\\..\\c',
  '/a;b=c;d',
  '/a+b%20c+',
  '/?',
  '/a?',
  '/a??b=?',
  '/a?b',
  '/a?b&c=&=d&&e==',
  '/a?acl&versionId=null&x=%00%ZZ%',
  '/a?X-Amz-Signature=abc%2B/%3D&X-Amz-Credential=k%2F20260101%2Feu%2Fs3%2Faws4_request',
  '/a#fragment',
  '/a:b@c',
  '/"<>^`{|}[]',
  utf8('/ключ/鍵?🔑=é'),
  '/\xe9\xff\x80',
  `/${'k'.repeat(60_000)}`,
  'http://s3.example:9000/a/../b?c',
  'HTTP://S3.EXAMPLE:9000',
  'https://s3.example:9000?a',
];

const METHODS = ['POST', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'M-SEARCH', 'get', 'G'];

const HOSTS = [
  'h',
  'H.Example.',
  'bucket.s3.example:80',
  '[::1]:9000',
  '127.0.0.1',
  'h:',
  'a_b-c.d',
];

const BODIES: Readonly<Record<string, readonly [lines: string, body: string]>> = {
  'no body, and says so': ['Content-Length: 0\r\n', ''],
  'a length': ['content-length: 5\r\n', 'hello'],
  'a length with leading zeros, without a space': ['CONTENT-LENGTH:0005\r\n', 'hello'],
  'every byte': ['Content-Length: 256\r\n', EVERY_BYTE],
  'what looks like a message': [`Content-Length: ${get('').length}\r\n`, get('')],
  'no chunk': ['Transfer-Encoding: chunked\r\n', '0\r\n\r\n'],
  'a chunk of every byte': ['Transfer-Encoding:chunked\r\n', `100\r\n${EVERY_BYTE}\r\n0\r\n\r\n`],
  'chunks, extensions and trailers': ['transfer-encoding: chunked\r\nTrailer: X-Sum\r\n', CHUNKS],
  'chunks of a byte': ['Transfer-Encoding: chunked\r\n', `${'1\r\nx\r\n'.repeat(300)}0\r\n\r\n`],
  'half a MiB by length': ['Content-Length: 524288\r\n', EVERY_BYTE.repeat(2048)],
  'half a MiB in chunks': [
    'Transfer-Encoding: chunked\r\n',
    `${`10000\r\n${EVERY_BYTE.repeat(256)}\r\n`.repeat(8)}0\r\n\r\n`,
  ],
};

const SIGNATURE = 'a1'.repeat(32);
const AWS_CHUNKED: Readonly<
  Record<string, readonly [kind: string, body: string, trailer: string]>
> = {
  signed: [
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    `5;chunk-signature=${SIGNATURE}\r\nhello\r\n0;chunk-signature=${SIGNATURE}\r\n\r\n`,
    '',
  ],
  'signed, with a trailer': [
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
    `5;chunk-signature=${SIGNATURE}\r\nhello\r\n0;chunk-signature=${SIGNATURE}\r\n` +
      `x-amz-checksum-crc32c:sOO8/Q==\n\r\nx-amz-trailer-signature:${SIGNATURE}\r\n\r\n`,
    'x-amz-checksum-crc32c',
  ],
  'unsigned, with a trailer': [
    'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    '5\r\nhello\r\n0\r\nx-amz-checksum-crc64nvme:AAAAAAAAAAA=\r\n\r\n',
    'x-amz-checksum-crc64nvme',
  ],
};

const BODILESS: Readonly<Record<string, readonly [method: string, answer: string]>> = {
  'HEAD with a length': ['HEAD', ok('Content-Length: 99\r\n')],
  'HEAD with chunks announced': ['HEAD', ok('Transfer-Encoding: chunked\r\nTrailer: X\r\n')],
  'HEAD with nothing said of a body': ['HEAD', ok('ETag: "x"\r\n')],
  'HEAD of what is not there': ['HEAD', 'HTTP/1.1 404 Not Found\r\nContent-Length: 300\r\n\r\n'],
  '204': ['DELETE', 'HTTP/1.1 204 No Content\r\nx-amz-version-id: v\r\n\r\n'],
  '204 with a length': ['DELETE', 'HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n'],
  '205': ['POST', 'HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n'],
  304: ['GET', 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n'],
  '304 with a length': ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n'],
  '304 with chunks announced': [
    'GET',
    'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n',
  ],
};

const STATUS_LINES = [
  'HTTP/1.1 200 ',
  'HTTP/1.1 200',
  'HTTP/1.1 418 I am a \xe9 pot\t!',
  `HTTP/1.1 200 ${utf8('да')}`,
  'HTTP/1.1 299 HTTP/1.1 200 OK',
  'HTTP/1.1 599 x',
  'HTTP/1.1 999 y',
];

const expecting = (value: string): string => put(`Expect: ${value}\r\nContent-Length: 5\r\n`);
const later = (body: string): Step[] => [send('client', body), takesBody('origin', body)];

const EXPECTATIONS: Readonly<Record<string, readonly Step[]>> = {
  'Expect, 100 and then the body': [
    ...asks(expecting('100-continue')),
    ...answers(CONTINUE),
    ...later('hello'),
    ...answers(EMPTY),
  ],
  'Expect in another case, for chunks': [
    ...asks(put('eXPECT:100-Continue\r\nTransfer-Encoding: chunked\r\n')),
    ...answers(CONTINUE),
    ...later(CHUNKS),
    ...answers(EMPTY),
  ],
  'Expect, 102 and 103 and a 100 with lines of its own': [
    ...asks(expecting('100-continue')),
    ...answers('HTTP/1.1 102 Processing\r\n\r\n'),
    ...answers('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nlink: </b>\r\n\r\n'),
    ...answers('HTTP/1.1 100 Go\r\nX-A: 1\r\nx-a:\r\n\r\n'),
    ...later('hello'),
    ...answers(EMPTY),
  ],
  'Expect, and a client that does not wait': [
    ...asks(expecting('100-continue'), 'hello'),
    ...answers(CONTINUE),
    ...answers(EMPTY),
  ],
  'Expect, and an origin that says no 100': [
    ...asks(expecting('100-continue')),
    ...later('hello'),
    ...answers(EMPTY),
  ],
  'Expect, and a refusal': [
    ...asks(expecting('100-continue')),
    ...answersAndEnds('HTTP/1.1 412 No\r\nContent-Length: 2\r\n\r\n', 'no'),
  ],
  'Expect, and success at once': [
    ...asks(expecting('100-continue')),
    ...answersAndEnds(HELLO, 'hello'),
  ],
  'Expect, and 417': [
    ...asks(expecting('100-continue')),
    ...answersAndEnds('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n'),
  ],
  'Expect, 100, and a refusal in the middle': [
    ...asks(expecting('100-continue')),
    ...answers(CONTINUE),
    ...later('he'),
    ...answersAndEnds('HTTP/1.1 403 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\n', 'no'),
  ],
  'Expect without a body': [...asks(get('Expect: 100-continue\r\n')), ...answers(EMPTY)],
  'an expectation that nobody knows': [...asks(expecting('magic'), 'hello'), ...answers(EMPTY)],
  'an empty expectation': [...asks(expecting(''), 'hello'), ...answers(EMPTY)],
  'two expectations': [
    ...asks(expecting('100-continue, magic'), 'hello'),
    ...answers('HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n'),
  ],
  '100 that nobody asked for': [...asks(get('')), ...answers(CONTINUE), ...answers(EMPTY)],
  'twenty interim answers': [
    ...asks(get('')),
    ...Array.from({ length: 20 }, (_, index) =>
      answers(`HTTP/1.1 ${102 + index} x\r\nX: ${index}\r\nConnection: y\r\nY: 1\r\n\r\n`),
    ).flat(),
    ...answers(EMPTY),
  ],
};

const long = put('Content-Length: 10\r\n');
const TIMES: Readonly<Record<string, readonly Step[]>> = {
  'an answer before any of the body, which comes all the same': [
    ...asks(long),
    ...answers(HELLO, 'hello'),
    ...later('helloworld'),
    end('origin'),
    over('client'),
  ],
  'an answer in the middle of the body': [
    ...asks(long, 'hello'),
    ...answers(HELLO, 'hello'),
    ...later('world'),
    end('origin'),
    over('client'),
  ],
  'an answer that begins before the body and ends behind it': [
    ...asks(long),
    ...answers(HELLO, 'he'),
    ...later('helloworld'),
    send('origin', 'llo'),
    takesBody('client', 'llo'),
    end('origin'),
    over('client'),
  ],
  'an answer in chunks between the chunks of a body': [
    ...asks(put('Transfer-Encoding: chunked\r\n'), '5\r\nhello\r\n'),
    ...answers(ok('Transfer-Encoding: chunked\r\n'), '2\r\nab\r\n'),
    ...later('3;x\r\nabc\r\n'),
    send('origin', '1\r\nc\r\n'),
    takesBody('client', '1\r\nc\r\n'),
    ...later('0\r\nT: 1\r\n\r\n'),
    send('origin', '0\r\n\r\n'),
    takesBody('client', '0\r\n\r\n'),
    end('origin'),
    over('client'),
  ],
};

const ENDS: Readonly<Record<string, readonly Step[]>> = {
  'an answer up to the end of the connection': [
    ...asks(get('')),
    ...answersAndEnds(ok('A: b\r\n'), EVERY_BYTE),
  ],
  'an empty answer up to the end of the connection': [...asks(get('')), ...answersAndEnds(ok(''))],
  '205 up to the end of the connection': [
    ...asks(get('')),
    ...answersAndEnds('HTTP/1.1 205 Reset Content\r\n\r\n'),
  ],
  'a client that asks for the end': [
    ...asks(get('Connection: close\r\n')),
    ...answersAndEnds(HELLO, 'hello'),
  ],
  'a client that asks for the end, and gets chunks': [
    ...asks(get('connection: x-, CLOSE\r\n').replace('x-, ', '')),
    ...answersAndEnds(ok('Transfer-Encoding: chunked\r\nConnection: close\r\n'), CHUNKS),
  ],
  'a client that ends its side behind a GET': [
    send('client', get('')),
    end('client'),
    ...takes('origin'),
    ...answersAndEnds(HELLO, 'hello'),
  ],
  'a client that ends its side behind a body': [
    send('client', put('Transfer-Encoding: chunked\r\n') + CHUNKS),
    end('client'),
    ...takes('origin', CHUNKS),
    ...answersAndEnds(HELLO, 'hello'),
  ],
  'a client that ends its side behind several requests': [
    send('client', get('', '/1') + long + 'helloworld' + get('', '/3')),
    end('client'),
    ...takes('origin'),
    ...answers(HELLO, 'hello'),
    ...takes('origin', 'helloworld'),
    ...answers(HELLO, 'hello'),
    ...takes('origin'),
    ...answersAndEnds(HELLO, 'hello'),
  ],
  'a client that ends its side while it waits': [
    ...asks(get('')),
    end('client'),
    ...answersAndEnds(ok(''), 'hello'),
  ],
  'HTTP/1.0, and an answer up to the end': [
    ...asks('GET / HTTP/1.0\r\nX: y\r\n\r\n'),
    ...answersAndEnds(ok('A: b\r\n'), 'hello'),
  ],
  'HTTP/1.0 with a body, answered in HTTP/1.0': [
    ...asks(
      `PUT / HTTP/1.0\r\n${HOST}Content-Length: 5\r\nConnection: keep-alive\r\n\r\n`,
      'hello',
    ),
    ...answersAndEnds('HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n', 'hello'),
  ],
  'HEAD in HTTP/1.0': [
    ...asks('HEAD / HTTP/1.0\r\n\r\n'),
    ...answersAndEnds('HTTP/1.0 200 OK\r\nContent-Length: 99\r\n\r\n'),
  ],
  'HTTP/1.1, answered in HTTP/1.0': [
    ...asks(get('')),
    ...answersAndEnds('HTTP/1.0 200 OK\r\nA: b\r\n\r\n', 'hello'),
  ],
};

const mixed = [
  { head: get('', '/1'), body: '', answer: answers(HELLO, 'hello') },
  { head: long, body: 'helloworld', answer: answers(ok('Transfer-Encoding: chunked\r\n'), CHUNKS) },
  {
    head: put('Transfer-Encoding: chunked\r\n'),
    body: CHUNKS,
    answer: answers('HTTP/1.1 204 No\r\n\r\n'),
  },
  {
    head: 'HEAD /4 HTTP/1.1\r\nHost: h\r\n\r\n',
    body: '',
    answer: answers(ok('Content-Length: 99\r\n')),
  },
  { head: 'BREW /5 HTTP/1.1\r\nHost: h\r\n\r\n', body: '', answer: answers(EMPTY) },
];

const CASES: Readonly<Record<string, readonly Step[]>> = {
  ...named(HEADS, (text) => [...asks(get(text)), ...answers(ok(`${text}Content-Length: 0\r\n`))]),
  'a head of 128 KiB': [
    ...asks(sized(get('').slice(0, -2), 128 * 1024)),
    ...answers(sized('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n', 128 * 1024)),
  ],
  'an upgrade to HTTP/2, which is not asked for': [
    ...asks(
      get(
        'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n',
      ),
    ),
    ...answers(HELLO, 'hello'),
  ],
  'an upgrade to a socket, and an offer of one': [
    ...asks(get('Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Key: x\r\n')),
    ...answers(
      'HTTP/1.1 426 Upgrade\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n',
    ),
  ],
  ...listed(TARGETS, 'the target', (target) => [...asks(get('', target)), ...answers(EMPTY)]),
  'OPTIONS *': [...asks('OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n'), ...answers(EMPTY)],
  ...listed(METHODS, 'the method', (method) => [
    ...asks(`${method} /a HTTP/1.1\r\nHost: h\r\n\r\n`),
    ...answers(HELLO, 'hello'),
  ]),
  ...listed(HOSTS, 'the Host', (host) => [
    ...asks(`GET / HTTP/1.1\r\nX: y\r\nhost:  ${host} \r\n\r\n`),
    ...answers(EMPTY),
  ]),
  ...listed(STATUS_LINES, 'the status line', (line) => [
    ...asks(get('')),
    ...answers(`${line}\r\nContent-Length: 5\r\n\r\n`, 'hello'),
  ]),
  ...named(BODIES, ([head, body]) => [...asks(put(head), body), ...answers(ok(head), body)]),
  'a GET with a body': [...asks(get('Content-Length: 5\r\n'), 'hello'), ...answers(HELLO, 'hello')],
  ...named(AWS_CHUNKED, ([kind, body, trailer]) => {
    const signed =
      `Content-Encoding: aws-chunked\r\nx-amz-content-sha256: ${kind}\r\n` +
      `x-amz-decoded-content-length: 5\r\n${trailer && `x-amz-trailer: ${trailer}\r\n`}`;
    const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    return [
      ...asks(put(`${signed}Content-Length: ${body.length}\r\n`), body),
      ...answers(EMPTY),
      ...asks(put(`${signed}Transfer-Encoding: chunked\r\n`), chunked),
      ...answers(EMPTY),
    ];
  }),
  ...named(BODILESS, ([method, answer]) => [
    ...asks(`${method} / HTTP/1.1\r\nHost: h\r\n\r\n`),
    ...answers(answer),
  ]),
  ...EXPECTATIONS,
  ...TIMES,
  ...ENDS,
  'pipelining of all kinds of requests': [
    send('client', mixed.map(({ head, body }) => head + body).join('')),
    ...mixed.flatMap(({ body, answer }) => takes('origin', body).concat(answer)),
  ],
};

function named<Value>(
  table: Readonly<Record<string, Value>>,
  steps: (value: Value) => Step[],
): Record<string, Step[]> {
  return Object.fromEntries(Object.entries(table).map(([what, value]) => [what, steps(value)]));
}

function listed(
  values: readonly string[],
  what: string,
  steps: (value: string) => Step[],
): Record<string, Step[]> {
  const title = (value: string): string => `${what} ${encodeURI(value.slice(0, 60))}`;
  return Object.fromEntries(values.map((value) => [title(value), steps(value)]));
}

const identity = makeIdentity();

const PASSAGES: Readonly<Record<string, () => Promise<Passage>>> = {
  'passes through': async () => ({}),
  'passes through captured': async () => ({ intercept: capture }),
  'passes through, over TLS': async () => ({ identity: await identity }),
  'passes through captured, over TLS': async () => ({
    intercept: capture,
    identity: await identity,
  }),
  'passes through, a byte a packet': async () => ({ packetBytes: 1 }),
  'passes through captured, a byte a packet': async () => ({ intercept: capture, packetBytes: 1 }),
};

/** More than this is not sent byte by byte, but still in many packets. */
const BYTEWISE_MAX = 4096;

for (const [what, steps] of Object.entries(CASES)) {
  const script = conversation(steps);
  const most = Math.max(...script.map((step) => (step.kind === 'send' ? step.text.length : 0)));
  for (const [how, passage] of Object.entries(PASSAGES)) {
    // One after the other: hundreds at once would wait for each other, and run into their time-outs.
    test.serial(`${what}: ${how}`, async (t) => {
      const { packetBytes, ...rest } = await passage();
      const size =
        packetBytes && most > BYTEWISE_MAX ? Math.ceil(most / BYTEWISE_MAX) : packetBytes;
      const [alone, between] = [await openDirect(t), await openPassage(t, rest)];
      const direct = await converse(script, { ...alone, client: await alone.connect() });
      const through = await converse(script, {
        ...between,
        client: await between.connect(),
        packetBytes: size,
      });
      assertSame(t, script, { direct, through });
    });
  }
}
