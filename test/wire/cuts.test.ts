// When one side leaves or breaks, the other sees a cut, never a short message that looks whole.

import type { Socket } from 'node:net';
import test from 'ava';
import { resetSocket } from '../../src/wire/reset.ts';
import { openOrigin, openWire } from './arrangement.ts';

const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const EMPTY = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

test('an answer up to the end of the connection is whole when the source ends it', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const client = await connect();
  client.send(GET);
  const source = await origin.next();
  await source.take('\r\n\r\n');
  source.send('HTTP/1.1 200 OK\r\n\r\nsome').send(' more').socket.end();
  t.deepEqual(await client.over(), {
    text: 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nsome more',
    cut: false,
  });
});

test('an answer up to the end of the connection is cut when the source resets it', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  for (const delayed of [true, false]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const client = await connect();
    client.send(GET);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const source = await origin.next();
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await source.take('\r\n\r\n');
    source.send('HTTP/1.1 200 OK\r\n\r\nsome');
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    if (delayed) await client.take('some');
    // oxlint-disable-next-line no-await-in-loop -- the bytes have left
    else await new Promise((resolve) => source.socket.write('', resolve));
    resetSocket(source.socket);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { text, cut } = await client.over();
    // The head itself may be lost with the reset; the client is then told so.
    if (!text.startsWith('HTTP/1.1 503')) t.true(cut, text);
  }
});

for (const [what, answer] of [
  ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nsome'],
  ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n'],
] as const) {
  test(`an answer by ${what} that ends early is cut`, async (t) => {
    const origin = await openOrigin(t);
    const { connect } = await openWire(t, origin);
    const client = await connect();
    client.send(GET);
    const source = await origin.next();
    await source.take('\r\n\r\n');
    source.send(answer).socket.end();
    const { text, cut } = await client.over();
    t.true(cut);
    t.is(text, answer);
  });
}

test('a source that dies before its answer: 503, and the client may go on', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const client = await connect();
  client.send('PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nok');
  const source = await origin.next();
  await source.take('ok');
  source.send('HTTP/1.1 2').socket.end();
  t.regex(await client.take('the source closed the connection'), /^HTTP\/1.1 503 /);
  client.send(GET);
  const next = await origin.next();
  t.is(await next.take('\r\n\r\n'), GET);
});

test('a reused connection that dies unanswered: a GET is sent again, once, on a new one', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const client = await connect();
  client.send(GET);
  const first = await origin.next();
  await first.take('\r\n\r\n');
  first.send(EMPTY);
  await client.take('\r\n\r\n');
  client.send(GET);
  await first.take('\r\n\r\n');
  resetSocket(first.socket);
  const second = await origin.next();
  t.is(await second.take('\r\n\r\n'), GET);
  resetSocket(second.socket);
  t.regex(await client.take('\r\n\r\n'), /^HTTP\/1.1 503 /);
  t.is(origin.peers.length, 2);
});

test('a reused connection that dies after the first answer byte: nothing is sent again', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const client = await connect();
  client.send(GET);
  const first = await origin.next();
  await first.take('\r\n\r\n');
  first.send(EMPTY);
  await client.take('\r\n\r\n');
  client.send(GET);
  await first.take('\r\n\r\n');
  first.send('H').socket.end();
  t.regex(await client.take('\r\n\r\n'), /^HTTP\/1.1 503 /);
  t.is(origin.peers.length, 1);
});

test('a reused connection that dies: a write is not sent again', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const client = await connect();
  client.send(GET);
  const first = await origin.next();
  await first.take('\r\n\r\n');
  first.send(EMPTY);
  await client.take('\r\n\r\n');
  client.send('DELETE /x HTTP/1.1\r\nHost: h\r\n\r\n');
  await first.take('\r\n\r\n');
  resetSocket(first.socket);
  t.regex(await client.take('\r\n\r\n'), /^HTTP\/1.1 503 /);
  t.is(origin.peers.length, 1);
});

test('a write goes on a new connection rather than on one that was idle for long', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin, { deadlines: { sourceTrustMs: -1 } });
  const client = await connect();
  client.send(GET);
  const first = await origin.next();
  await first.take('\r\n\r\n');
  first.send(EMPTY);
  await client.take('\r\n\r\n');
  client.send('DELETE /x HTTP/1.1\r\nHost: h\r\n\r\n');
  const second = await origin.next();
  t.is(await second.take('\r\n\r\n'), 'DELETE /x HTTP/1.1\r\nHost: h\r\n\r\n');
});

for (const [how, leave] of [
  ['resets', (socket: Socket) => resetSocket(socket)],
  ['ends', (socket: Socket) => socket.end()],
] as const) {
  test(`a client that ${how} in the middle of a body cuts the source`, async (t) => {
    const origin = await openOrigin(t);
    const { connect } = await openWire(t, origin);
    const client = await connect();
    const request = 'PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\nabc';
    client.send(request);
    const source = await origin.next();
    await source.take('abc');
    leave(client.socket);
    await source.gone();
    t.is(source.text, request);
  });
}

test('a client that leaves during a download takes the source connection along', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const client = await connect();
  client.send(GET);
  const source = await origin.next();
  await source.take('\r\n\r\n');
  source.send('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nab');
  await client.take('ab');
  resetSocket(client.socket);
  await source.gone();
  t.pass();
});

test('an early refusal of an upload reaches the client, though the source closed and reset', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const client = await connect();
  client.send('PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n');
  const source = await origin.next();
  await source.take('\r\n\r\n');
  source.socket.pause();
  source.send('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno');
  // Unread bytes make the source's close a reset.
  client.send(Buffer.alloc(600_000));
  await new Promise<void>((resolve) => source.socket.end(resolve));
  source.socket.destroy();
  client.send(Buffer.alloc(600_000));
  const reply = await client.take('no');
  t.is(reply, 'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno');
  await client.gone();
});

test('a source that answers early and reads on gets the whole upload', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const client = await connect();
  client.send('PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc');
  const source = await origin.next();
  await source.take('abc');
  source.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  t.is(
    await client.take('\r\n\r\nok'),
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok',
  );
  client.send('def');
  t.is(await source.take('def'), 'def');
  t.false((await client.over()).cut);
});

test('an answer before a body that then comes whole is followed by the end of the connection', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const client = await connect();
  client.send('PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n');
  const source = await origin.next();
  await source.take('\r\n\r\n');
  source.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok');
  await client.take('ok');
  client.send('abc');
  await source.take('abc');
  source.send('1234567');
  const { text, cut } = await client.over();
  t.true(text.endsWith('ok1234567'));
  t.false(cut);
});

test('an unreachable source: 503, and the client may go on', async (t) => {
  const { connect, errors } = await openWire(t, { port: 1 });
  const client = await connect();
  client.send(GET);
  t.regex(await client.take('\r\n\r\n'), /^HTTP\/1.1 503 [^]*X-Fault: unreachable\r\n/);
  client.send(GET);
  const second = await client.take('HTTP/1.1 503 ');
  t.truthy(second);
  t.true(errors.length >= 1);
});
