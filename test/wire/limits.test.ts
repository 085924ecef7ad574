// Limits in time and number, and how a wire is taken down.

import test from 'ava';
import { openOrigin, openWire } from './arrangement.ts';

const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const EMPTY = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

test('a head that does not come in time: 408', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin, { deadlines: { headMs: 1000 } });
  const client = await connect();
  client.send('GET / HTTP/1.1\r\nHo');
  const { text } = await client.over();
  t.regex(text, /^HTTP\/1.1 408 [^]*X-Fault: timeout\r\n/);
  t.is(origin.peers.length, 0);
});

test('a connection on which nothing ever comes is closed without a word', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin, { deadlines: { headMs: 100 } });
  const client = await connect();
  t.deepEqual(await client.over(), { text: '', cut: false });
});

test('an idle connection is closed', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin, { deadlines: { idleMs: 100 } });
  const client = await connect();
  client.send(GET);
  const source = await origin.next();
  await source.take('\r\n\r\n');
  source.send(EMPTY);
  t.deepEqual(await client.over(), { text: EMPTY, cut: false });
});

test('a body that stops coming: 408, and the source is cut', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin, { deadlines: { progressMs: 100 } });
  const client = await connect();
  client.send('PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc');
  const source = await origin.next();
  await source.take('abc');
  t.regex((await client.over()).text, /^HTTP\/1.1 408 /);
  await source.gone();
});

test('an answer that stops coming is cut', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin, { deadlines: { progressMs: 100 } });
  const client = await connect();
  client.send(GET);
  const source = await origin.next();
  await source.take('\r\n\r\n');
  source.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc');
  t.true((await client.over()).cut);
  await source.gone();
});

test('a source that takes no more of an upload: 503', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin, { deadlines: { progressMs: 200 } });
  const client = await connect();
  client.send('PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n');
  const source = await origin.next();
  await source.take('\r\n\r\n');
  source.socket.pause();
  client.send(Buffer.alloc(50_000_000));
  t.regex(await client.take('\r\n\r\n'), /^HTTP\/1.1 503 [^]*X-Fault: lost\r\n/);
});

test('a client that takes no more of an answer is cut, and the source with it', async (t) => {
  const origin = await openOrigin(t);
  const { connect, wire } = await openWire(t, origin, { deadlines: { progressMs: 200 } });
  const client = await connect();
  client.send(GET);
  const source = await origin.next();
  await source.take('\r\n\r\n');
  client.socket.pause();
  source
    .send('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n')
    .send(Buffer.alloc(50_000_000));
  await source.gone();
  t.is(wire.connectionsOpen, 0);
});

test('there is no deadline on the answer itself', async (t) => {
  const origin = await openOrigin(t);
  const deadlines = { progressMs: 50, lingerMs: 50, heldMs: 50 };
  const { connect } = await openWire(t, origin, { deadlines });
  const client = await connect();
  client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n');
  const source = await origin.next();
  await source.take('\r\n\r\n');
  await new Promise((resolve) => setTimeout(resolve, 400));
  source.send('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1');
  t.regex(await client.take('\r\n\r\n1'), /^HTTP\/1.1 200 /);
});

test('connections over the limit are turned away with 503', async (t) => {
  const origin = await openOrigin(t);
  const { connect, wire } = await openWire(t, origin, { connectionsMax: 1 });
  const first = await connect();
  first.send('GET');
  await wireHas(1, wire);
  const second = await connect();
  const { text } = await second.over();
  t.regex(text, /^HTTP\/1.1 503 [^]*X-Fault: busy\r\n[^]*Connection: close\r\n/);
  first.send(GET.slice(3));
  await (await origin.next()).take('\r\n\r\n');
});

test('a pipelining client is not read without end', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const client = await connect();
  client.send(GET.repeat(1_000_000));
  const source = await origin.next();
  await source.take('\r\n\r\n');
  await new Promise((resolve) => setTimeout(resolve, 100));
  t.true(client.socket.writableLength > 0, 'the client had to stop');
});

test('draining: idle connections end, open exchanges finish with Connection: close', async (t) => {
  const origin = await openOrigin(t);
  const { connect, wire } = await openWire(t, origin);
  const idle = await connect();
  const busy = await connect();
  busy.send(GET);
  const source = await origin.next();
  await source.take('\r\n\r\n');
  await wireHas(2, wire);
  const closed = wire.close(20_000);
  t.is(wire.close(20_000) instanceof Promise, true, 'twice is fine');
  t.deepEqual(await idle.over(), { text: '', cut: false });
  source.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  t.is(
    (await busy.over()).text,
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok',
  );
  await closed;
  t.is(wire.connectionsOpen, 0);
  await source.gone();
  await t.throwsAsync(connect());
});

test('what is open when the grace is over is cut', async (t) => {
  const origin = await openOrigin(t);
  const { connect, wire } = await openWire(t, origin);
  const client = await connect();
  client.send(GET);
  const source = await origin.next();
  await source.take('\r\n\r\n');
  await wire.close(50);
  t.true((await client.over()).cut);
  await source.gone();
});

test('a second close with no grace cuts at once', async (t) => {
  const origin = await openOrigin(t);
  const { connect, wire } = await openWire(t, origin);
  const client = await connect();
  client.send(GET);
  const source = await origin.next();
  await source.take('\r\n\r\n');
  const first = wire.close(60_000);
  await wire.close(0);
  await first;
  t.true((await client.over()).cut);
});

test('a port that is taken is an error that says so', async (t) => {
  const origin = await openOrigin(t);
  const error = await t.throwsAsync(
    openWire(t, origin, { listen: { host: '127.0.0.1', port: origin.port } }),
  );
  t.regex(error?.message ?? '', /cannot listen on 127\.0\.0\.1:\d+/);
});

test('many exchanges of one client share one source connection', async (t) => {
  const origin = await openOrigin(t);
  const { connect } = await openWire(t, origin);
  const client = await connect();
  client.send(GET);
  const source = await origin.next();
  await source.take('\r\n\r\n');
  source.send(EMPTY);
  await client.take('\r\n\r\n');
  for (let round = 0; round < 50; round += 1) {
    client.send(GET);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await source.take('\r\n\r\n');
    source.send(EMPTY);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await client.take('\r\n\r\n');
  }
  t.is(origin.peers.length, 1);
});

async function wireHas(count: number, wire: { readonly connectionsOpen: number }): Promise<void> {
  while (wire.connectionsOpen !== count) {
    // oxlint-disable-next-line no-await-in-loop -- until they were accepted
    await new Promise((resolve) => setImmediate(resolve));
  }
}
