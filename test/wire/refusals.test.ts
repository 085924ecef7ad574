// Whatever leaves a doubt is refused, and the source sees nothing of it.

import test from 'ava';
import { openOrigin, openWire } from './arrangement.ts';

const HEAD = 'GET / HTTP/1.1\r\nHost: h\r\n';

const REFUSED: Readonly<Record<string, readonly [string, number]>> = {
  'both lengths': [`${HEAD}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`, 400],
  'two equal lengths': [`${HEAD}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`, 400],
  'two lengths': [`${HEAD}Content-Length: 3\r\ncontent-length: 4\r\n\r\nabc`, 400],
  'a list of lengths': [`${HEAD}Content-Length: 3, 3\r\n\r\nabc`, 400],
  'a signed length': [`${HEAD}Content-Length: +3\r\n\r\nabc`, 400],
  'a negative length': [`${HEAD}Content-Length: -3\r\n\r\nabc`, 400],
  'a hexadecimal length': [`${HEAD}Content-Length: 0x3\r\n\r\nabc`, 400],
  'an empty length': [`${HEAD}Content-Length:\r\n\r\nabc`, 400],
  'a length with a space inside': [`${HEAD}Content-Length: 3 3\r\n\r\nabc`, 400],
  'a length with a space behind': [`${HEAD}Content-Length: 3 \r\n\r\nabc`, 400],
  'a length behind a tab': [`${HEAD}Content-Length:\t3\r\n\r\nabc`, 400],
  'a length beyond integers': [`${HEAD}Content-Length: 9007199254740993\r\n\r\n`, 400],
  'a length that overflows': [`${HEAD}Content-Length: 18446744073709551619\r\n\r\n`, 400],
  'chunked twice': [`${HEAD}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`, 400],
  'chunked in a list twice': [`${HEAD}Transfer-Encoding: chunked, chunked\r\n\r\n`, 400],
  'chunked not last': [`${HEAD}Transfer-Encoding: chunked, gzip\r\n\r\n`, 400],
  'an empty coding before chunked': [`${HEAD}Transfer-Encoding: ,chunked\r\n\r\n`, 400],
  'a quoted coding': [`${HEAD}Transfer-Encoding: "chunked"\r\n\r\n`, 400],
  'chunked behind two spaces': [`${HEAD}Transfer-Encoding:  chunked\r\n\r\n`, 400],
  'chunked behind a tab': [`${HEAD}Transfer-Encoding:\tchunked\r\n\r\n`, 400],
  'chunked with a space behind': [`${HEAD}Transfer-Encoding: chunked \r\n\r\n`, 400],
  'an unknown coding': [`${HEAD}Transfer-Encoding: gzip\r\n\r\n`, 501],
  'an unknown coding before chunked': [`${HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n`, 501],
  'chunked in HTTP/1.0': ['GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
  'a folded line': [`${HEAD}X: a\r\n b\r\n\r\n`, 400],
  'a folded line by a tab': [`${HEAD}X: a\r\n\tb\r\n\r\n`, 400],
  'a bare LF': [`GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n`, 400],
  'a bare CR in a value': [`${HEAD}X: a\rb\r\n\r\n`, 400],
  'two CR at a line end': [`${HEAD}X: a\r\r\n\r\n`, 400],
  'NUL in a value': [`${HEAD}X: a\0b\r\n\r\n`, 400],
  'DEL in a value': [`${HEAD}X: a\x7fb\r\n\r\n`, 400],
  'a control in a name': [`${HEAD}X\x01: a\r\n\r\n`, 400],
  'a space before the colon': [`${HEAD}X : a\r\n\r\n`, 400],
  'a tab before the colon': [`${HEAD}Content-Length\t: 3\r\n\r\nabc`, 400],
  'an empty name': [`${HEAD}: a\r\n\r\n`, 400],
  'a name beyond ASCII': [`${HEAD}X\xe9: a\r\n\r\n`, 400],
  'a line without a colon': [`${HEAD}nonsense\r\n\r\n`, 400],
  'a header before the request line': ['Host: h\r\n\r\n', 400],
  'HTTP/0.9': ['GET /\r\n\r\n', 400],
  'HTTP/0.9 whose head goes on': ['GET /\r\n', 400],
  'the HTTP/2 preface': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
  'HTTP/1.2': ['GET / HTTP/1.2\r\nHost: h\r\n\r\n', 505],
  'HTTP/3.1': ['GET / HTTP/3.1\r\nHost: h\r\n\r\n', 505],
  'a version in lower case': ['GET / http/1.1\r\nHost: h\r\n\r\n', 400],
  'a version with a sign': ['GET / HTTP/+1.1\r\nHost: h\r\n\r\n', 400],
  'a space behind the version': ['GET / HTTP/1.1 \r\nHost: h\r\n\r\n', 400],
  'two spaces before the target': ['GET  / HTTP/1.1\r\nHost: h\r\n\r\n', 400],
  'a tab before the target': ['GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n', 400],
  'a space in the target': ['GET /a b HTTP/1.1\r\nHost: h\r\n\r\n', 400],
  'a control in the target': ['GET /a\x01 HTTP/1.1\r\nHost: h\r\n\r\n', 400],
  'a bad method': ['G(T / HTTP/1.1\r\nHost: h\r\n\r\n', 400],
  'a target of no form': ['GET a/b HTTP/1.1\r\nHost: h\r\n\r\n', 400],
  'an asterisk for GET': ['GET * HTTP/1.1\r\nHost: h\r\n\r\n', 400],
  'a request line too long': [`GET /${'a'.repeat(70_000)} HTTP/1.1\r\nHost: h\r\n\r\n`, 414],
  'a head too long': [`${HEAD}X: ${'a'.repeat(140_000)}\r\n\r\n`, 431],
  'a head of too many lines': [`${HEAD}${'X: a\r\n'.repeat(1001)}\r\n`, 431],
  'no Host': ['GET / HTTP/1.1\r\nX: y\r\n\r\n', 400],
  'two Hosts': [`${HEAD}Host: h\r\n\r\n`, 400],
  'two Hosts in HTTP/1.0': ['GET / HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n', 400],
  'an empty Host': ['GET / HTTP/1.1\r\nHost:\r\n\r\n', 400],
  'a Host with a path': ['GET / HTTP/1.1\r\nHost: h/x\r\n\r\n', 400],
  'a Host with a user': ['GET / HTTP/1.1\r\nHost: u@h\r\n\r\n', 400],
  'a list of Hosts': ['GET / HTTP/1.1\r\nHost: a, b\r\n\r\n', 400],
  'a Host with a bad port': ['GET / HTTP/1.1\r\nHost: h:8x\r\n\r\n', 400],
  'an absolute target elsewhere': ['GET http://other/ HTTP/1.1\r\nHost: h\r\n\r\n', 400],
  'an absolute target with a user': ['GET http://u@h/ HTTP/1.1\r\nHost: h\r\n\r\n', 400],
  'an absolute target without Host': ['GET http://h/ HTTP/1.0\r\n\r\n', 400],
  CONNECT: ['CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n', 400],
  'CONNECT with a path': ['CONNECT / HTTP/1.1\r\nHost: h\r\n\r\n', 400],
  'Connection naming authorization': [`${HEAD}Connection: close, Authorization\r\n\r\n`, 400],
  'Connection naming host': [`${HEAD}Connection: host\r\n\r\n`, 400],
  'Connection naming content-length': [`${HEAD}Connection: content-length\r\n\r\n`, 400],
  'Connection naming an x-amz header': [`${HEAD}Connection: x-amz-date\r\n\r\n`, 400],
  'Connection twice, naming': [
    `${HEAD}Connection: close\r\nConnection: Transfer-Encoding\r\n\r\n`,
    400,
  ],
  'a Connection that is no list': [`${HEAD}Connection: "close"\r\n\r\n`, 400],
};

for (const [what, [bytes, status]] of Object.entries(REFUSED)) {
  test(`${what}: refused with ${status}`, async (t) => {
    const origin = await openOrigin(t);
    const { connect } = await openWire(t, origin);
    const client = await connect();
    client.send(bytes);
    const { text, cut } = await client.over();
    t.true(text.startsWith(`HTTP/1.1 ${status} `), text);
    t.true(text.includes('\r\nConnection: close\r\n'));
    t.is(text.split('HTTP/1.1 ').length, 2, 'one answer');
    t.false(cut);
    t.is(origin.text, '');
  });
}

const CHUNKED = 'PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n';
const FAULTY_BODIES: Readonly<Record<string, readonly [good: string, faulty: string]>> = {
  'a sign': ['2\r\nab\r\n', '+2\r\ncd\r\n0\r\n\r\n'],
  'a space before': ['2\r\nab\r\n', ' 2\r\ncd\r\n0\r\n\r\n'],
  'a space behind': ['2\r\nab\r\n', '2 \r\ncd\r\n0\r\n\r\n'],
  'an overflow': ['2\r\nab\r\n', 'fffffffffffffffff\r\ncd'],
  '0x': ['2\r\nab\r\n', '0x2\r\ncd\r\n0\r\n\r\n'],
  'no digits': ['2\r\nab\r\n', '\r\ncd\r\n0\r\n\r\n'],
  'only an extension': ['', ';x\r\ncd\r\n0\r\n\r\n'],
  'a bare LF': ['2\r\nab\r\n', '2\ncd\r\n0\r\n\r\n'],
  'a control in an extension': ['', '2;a=\x01\r\ncd\r\n0\r\n\r\n'],
  'a bare CR in an extension': ['', '2;a=\rb\r\ncd\r\n0\r\n\r\n'],
  'an extension too long': ['', `2;${'x'.repeat(5000)}`],
  'data longer than its size': ['2\r\nab', 'c\r\n0\r\n\r\n'],
  'data without CRLF': ['2\r\nab', '\n0\r\n\r\n'],
  'a trailer about framing': ['2\r\nab\r\n', '0\r\nContent-Length: 3\r\n\r\n'],
  'a folded trailer': ['2\r\nab\r\n', '0\r\nX: y\r\n z\r\n\r\n'],
  'a trailer that is no field': ['2\r\nab\r\n', '0\r\nxyz\r\n\r\n'],
  'trailers too long': ['2\r\nab\r\n', `0\r\nX: ${'y'.repeat(17_000)}`],
};

for (const [what, [good, faulty]] of Object.entries(FAULTY_BODIES)) {
  test(`${what} in a chunked body: nothing from the faulty line on reaches the source`, async (t) => {
    const origin = await openOrigin(t);
    const { connect } = await openWire(t, origin);
    const client = await connect();
    client.send(CHUNKED + good);
    const source = await origin.next();
    await source.take(CHUNKED + good);
    client.send(faulty);
    const { text } = await client.over();
    t.true(text.startsWith('HTTP/1.1 400 '), text);
    await source.gone();
    t.is(source.text, CHUNKED + good);
  });
}

const NONSENSE: Readonly<Record<string, string>> = {
  'no HTTP': 'SSH-2.0-OpenSSH\r\n',
  'both lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
  'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na',
  'an unknown coding': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n',
  'chunked in HTTP/1.0': 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
  'a folded line': 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n',
  'a bare LF': 'HTTP/1.1 200 OK\nContent-Length: 0\n\n',
  'a bad status': 'HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n',
  'another version': 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n',
  'a switch of protocols': 'HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n',
  'Connection naming content-length':
    'HTTP/1.1 200 OK\r\nConnection: content-length\r\nContent-Length: 0\r\n\r\n',
  'a head too long': `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(140_000)}\r\n\r\n`,
};

for (const [what, answer] of Object.entries(NONSENSE)) {
  test(`an answer with ${what}: 502, and the source connection is given up`, async (t) => {
    const origin = await openOrigin(t);
    const { connect, errors } = await openWire(t, origin);
    const client = await connect();
    client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    const source = await origin.next();
    await source.take('\r\n\r\n');
    source.send(answer);
    const reply = await client.take('\r\n\r\n');
    t.true(reply.startsWith('HTTP/1.1 502 '), reply);
    await source.gone();
    t.is(errors.length, 1);
  });
}

test('a bad chunk in an answer cuts the client, which got nothing from there on', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const client = await connect();
  client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  const source = await origin.next();
  await source.take('\r\n\r\n');
  source.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n');
  await client.take('ab\r\n');
  source.send('x\r\n');
  const { text, cut } = await client.over();
  t.true(cut);
  t.true(text.endsWith('\r\n\r\n2\r\nab\r\n'));
});

test('what the source sends unasked is never the answer to the next request', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const client = await connect();
  client.send('GET /1 HTTP/1.1\r\nHost: h\r\n\r\n');
  const source = await origin.next();
  await source.take('\r\n\r\n');
  const empty = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
  source.send(`${empty}HTTP/1.1 666 Evil\r\nContent-Length: 0\r\n\r\n`);
  t.is(await client.take('\r\n\r\n'), empty);
  client.send('GET /2 HTTP/1.1\r\nHost: h\r\n\r\n');
  const second = await origin.next();
  await second.take('GET /2 HTTP/1.1\r\nHost: h\r\n\r\n');
  second.send(empty);
  t.is(await client.take('\r\n\r\n'), empty);
});
