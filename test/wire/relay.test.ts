// What passes, passes byte for byte.

import test from 'ava';
import { openOrigin, openWire } from './arrangement.ts';

test('a request head goes on in its own bytes, in order, case and repetition', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const client = await connect();
  const head =
    'GET /bucket//a%2Fb/../%2e/\\;x+y?&z=&a HTTP/1.1\r\nhOsT: s3.example:9000\r\nX-B:  two  \r\nx-b:\r\n' +
    'X-A: \xe9\xff\t1\r\nX-b: three\r\n\r\n';
  client.send(head);
  const source = await origin.next();
  t.is(await source.take('\r\n\r\n'), head);
  const answer = 'HTTP/1.1 200 \r\nx-One: 1\r\nX-ONE:2\r\nContent-Length: 5\r\n\r\nhello';
  source.send(answer);
  t.is(await client.take('hello'), answer);
});

test('hop-by-hop lines end here, in both directions', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const client = await connect();
  client.send(
    'GET / HTTP/1.1\r\nConnection: keep-alive, Upgrade, foo\r\nHost: h\r\nFoo: 1\r\nUpgrade: h2c\r\n' +
      'Keep-Alive: 5\r\nTE: trailers\r\nProxy-Connection: close\r\nX: y\r\n\r\n',
  );
  const source = await origin.next();
  t.is(await source.take('\r\n\r\n'), 'GET / HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n');
  source.send(
    'HTTP/1.1 200 OK\r\nA: 1\r\nConnection: close\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\nB: 2\r\n\r\n',
  );
  t.is(
    await client.take('\r\n\r\n'),
    'HTTP/1.1 200 OK\r\nA: 1\r\nContent-Length: 0\r\nB: 2\r\n\r\n',
  );
  client.send('GET /2 HTTP/1.1\r\nHost: h\r\n\r\n');
  const second = await origin.next();
  t.is(await second.take('\r\n\r\n'), 'GET /2 HTTP/1.1\r\nHost: h\r\n\r\n');
});

test('a body of a length passes in any pieces', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const client = await connect();
  const request = 'PUT /o HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello world';
  for (const byte of request) client.send(byte);
  const source = await origin.next();
  t.is(await source.take('world'), request);
  const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes';
  for (const byte of answer) source.send(byte);
  t.is(await client.take('yes'), answer);
});

test('chunks, extensions and trailers pass as they are, in both directions', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const body = '5;a=b;c\r\nhello\r\n00A\r\n0123456789\r\n000;last\r\nX-Sum: abc\r\nx-t:\r\n\r\n';
  for (const bytewise of [false, true]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const client = await connect();
    const request = `PUT /o HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n${body}`;
    for (const part of bytewise ? request : [request]) client.send(part);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const source = await origin.next();
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    t.is(await source.take('x-t:\r\n\r\n'), request);
    const answer = `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nTrailer: X-Sum\r\nConnection: close\r\n\r\n${body}`;
    for (const part of bytewise ? answer : [answer]) source.send(part);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    t.is(await client.take('x-t:\r\n\r\n'), answer.replace('Connection: close\r\n', ''));
  }
});

for (const [title, request, answer] of [
  [
    'HEAD with a length',
    'HEAD / HTTP/1.1\r\nHost: h\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n',
  ],
  ['204', 'DELETE / HTTP/1.1\r\nHost: h\r\n\r\n', 'HTTP/1.1 204 No Content\r\n\r\n'],
  [
    '204 with a length',
    'DELETE / HTTP/1.1\r\nHost: h\r\n\r\n',
    'HTTP/1.1 204\r\nContent-Length: 7\r\n\r\n',
  ],
  [
    '304 with a length',
    'GET / HTTP/1.1\r\nHost: h\r\n\r\n',
    'HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n',
  ],
  [
    'an unknown method',
    'BREW / HTTP/1.1\r\nHost: h\r\n\r\n',
    'HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n',
  ],
  [
    'OPTIONS *',
    'OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  ],
  [
    'the absolute form',
    'GET http://h:1/x HTTP/1.1\r\nHost: h:1\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  ],
] as const) {
  test(`${title} passes, and both connections serve the next request`, async (t) => {
    const origin = await openOrigin(t);
    const { connect } = await openWire(t, origin);
    const client = await connect();
    client.send(request);
    const source = await origin.next();
    t.is(await source.take('\r\n\r\n'), request);
    source.send(answer);
    t.is(await client.take('\r\n\r\n'), answer);
    client.send('GET /next HTTP/1.1\r\nHost: h\r\n\r\n');
    t.is(await source.take('\r\n\r\n'), 'GET /next HTTP/1.1\r\nHost: h\r\n\r\n');
    t.is(origin.peers.length, 1);
  });
}

test('interim answers pass as they come', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const client = await connect();
  client.send('PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n');
  const source = await origin.next();
  t.true((await source.take('\r\n\r\n')).includes('Expect: 100-Continue\r\n'));
  source.send('HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n');
  t.is(await client.take('\r\n\r\n'), 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n');
  source.send('HTTP/1.1 100 Continue\r\n\r\n');
  t.is(await client.take('\r\n\r\n'), 'HTTP/1.1 100 Continue\r\n\r\n');
  client.send('ok');
  t.is(await source.take('ok'), 'ok');
  source.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  t.is(await client.take('\r\n\r\n'), 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
});

test('a final answer instead of 100 reaches the client, whose connection then ends', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const client = await connect();
  client.send('PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n');
  const source = await origin.next();
  await source.take('\r\n\r\n');
  source.send('HTTP/1.1 412 No\r\nContent-Length: 2\r\n\r\nno');
  const { text, cut } = await client.over();
  t.is(text, 'HTTP/1.1 412 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno');
  t.false(cut);
  await source.gone();
});

test('an unknown expectation passes with its body', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const client = await connect();
  const request = 'PUT / HTTP/1.1\r\nHost: h\r\nExpect: magic\r\nContent-Length: 2\r\n\r\nok';
  client.send(request);
  const source = await origin.next();
  t.is(await source.take('ok'), request);
});

test('pipelined requests are answered in order, one at a time', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const client = await connect();
  const requests: readonly [string, string, string] = [
    'GET /1 HTTP/1.1\r\nHost: h\r\n\r\n',
    'PUT /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc',
    'GET /3 HTTP/1.1\r\nHost: h\r\n\r\n',
  ];
  client.send(requests.join(''));
  const source = await origin.next();
  t.is(await source.take('\r\n\r\n'), requests[0]);
  t.is(source.rest, '');
  source.send('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1');
  t.is(await source.take('abc'), requests[1]);
  source.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n2\r\n0\r\n\r\n');
  t.is(await source.take('\r\n\r\n'), requests[2]);
  source.send('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n3');
  await client.take('1');
  await client.take('0\r\n\r\n');
  t.is(await client.take('\r\n\r\n3'), 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n3');
});

test('a client that asks for the end of its connection gets it', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const client = await connect();
  client.send('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
  const source = await origin.next();
  await source.take('\r\n\r\n');
  source.send('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1');
  const { text, cut } = await client.over();
  t.is(text, 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n1');
  t.false(cut);
});

test('a client that half-closes after a whole request gets its answer', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const client = await connect();
  client.send('PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nok').socket.end();
  const source = await origin.next();
  await source.take('ok');
  source.send('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1');
  const { text } = await client.over();
  t.is(text, 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n1');
});

test('a client that half-closes behind several requests gets every answer to them', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const client = await connect();
  const put = 'PUT /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nok';
  // What is no whole request is nobody's: it is not sent, and not answered.
  client.send(`GET /1 HTTP/1.1\r\nHost: h\r\n\r\n${put}GET /3 HT`).socket.end();
  const source = await origin.next();
  await source.take('\r\n\r\n');
  const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1';
  source.send(answer);
  t.is(await source.take('ok'), put);
  source.send(answer);
  t.deepEqual(await client.over(), { text: answer + answer, cut: false });
  t.is(source.rest, '');
});

test('an HTTP/1.0 request goes on as it is, and its answer ends with the connection', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const client = await connect();
  client.send('GET / HTTP/1.0\r\nX: y\r\n\r\n');
  const source = await origin.next();
  t.is(await source.take('\r\n\r\n'), 'GET / HTTP/1.0\r\nX: y\r\n\r\n');
  source.send('HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\n\r\nbody').socket.end();
  const { text, cut } = await client.over();
  t.is(text, 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbody');
  t.false(cut);
});

test('an HTTP/1.0 client gets the content of a chunked answer without its chunks', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const client = await connect();
  client.send('GET / HTTP/1.0\r\n\r\n');
  const source = await origin.next();
  await source.take('\r\n\r\n');
  source.send(
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\nA: b\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX: 1\r\n\r\n',
  );
  const { text, cut } = await client.over();
  t.is(text, 'HTTP/1.1 200 OK\r\nA: b\r\nConnection: close\r\n\r\nabcde');
  t.false(cut);
});

test('bodies of many MiB pass whole in both directions', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const client = await connect();
  const body = Buffer.alloc(8 * 1024 * 1024, 'abcdefghijklmno');
  client.send(`PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n`).send(body);
  const source = await origin.next();
  await source.take('\r\n\r\n');
  t.true((await source.takeBytes(body.length)).equals(body));
  source.send(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`).send(body);
  await client.take('\r\n\r\n');
  t.true((await client.takeBytes(body.length)).equals(body));
});

test('empty lines before a request are dropped', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const client = await connect();
  client.send('\r').send('\n\r\n').send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  t.is(await (await origin.next()).take('h\r\n\r\n'), 'GET / HTTP/1.1\r\nHost: h\r\n\r\n');
});
