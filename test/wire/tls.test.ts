// TLS on either side of the wire.

import { once } from 'node:events';
import net from 'node:net';
import test from 'ava';
import { openOrigin, openWire } from './arrangement.ts';
import { connectTls, makeIdentity } from './identity.ts';

const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';

test('HTTPS clients are served, and see a new certificate from the next handshake on', async (t) => {
  const first = await makeIdentity();
  const second = await makeIdentity();
  const origin = await openOrigin(t);
  const { wire, port } = await openWire(t, origin, { tls: first });
  const client = await connectTls(t, port, first.cert);
  client.send(GET);
  const source = await origin.next();
  t.is(await source.take('\r\n\r\n'), GET);
  source.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  await client.take('ok');
  wire.setTls(second);
  const later = await connectTls(t, port, second.cert);
  later.send(GET);
  await source.take('\r\n\r\n');
  source.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno');
  await later.take('no');
  client.send(GET);
  await source.take('\r\n\r\n');
});

test('an HTTPS client is cut where a plain one would be', async (t) => {
  const identity = await makeIdentity();
  const origin = await openOrigin(t);
  const { port } = await openWire(t, origin, { tls: identity });
  const client = await connectTls(t, port, identity.cert);
  client.send(GET);
  const source = await origin.next();
  await source.take('\r\n\r\n');
  source.send('HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok');
  await client.take('ok');
  source.socket.end();
  await client.until(() => client.closed, 'the end');
  t.is(client.broken, 'ECONNRESET');
});

test('plain HTTP on a TLS port and broken handshakes leave nothing behind', async (t) => {
  const identity = await makeIdentity();
  const origin = await openOrigin(t);
  const { connect, wire } = await openWire(t, origin, { tls: identity });
  const client = await connect();
  client.send(GET);
  await client.over();
  while (wire.connectionsOpen > 0) {
    // oxlint-disable-next-line no-await-in-loop -- until it is noticed
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.is(origin.peers.length, 0);
});

test('an HTTPS source is reached, verified and reused', async (t) => {
  const identity = await makeIdentity();
  const origin = await openOrigin(t, identity);
  const { connect } = await openWire(t, origin, {
    source: {
      host: '127.0.0.1',
      port: origin.port,
      tls: { ca: identity.cert, servername: 'localhost' },
    },
  });
  const client = await connect();
  const body = Buffer.alloc(3_000_000, 'abcdefg');
  const head = `PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n`;
  for (let round = 0; round < 2; round += 1) {
    client.send(head).send(body);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const source = origin.peers[0] ?? (await origin.next());
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    t.is(await source.take('\r\n\r\n'), head);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    t.true((await source.takeBytes(body.length)).equals(body));
    source.send(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`).send(body);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await client.take('\r\n\r\n');
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    t.true((await client.takeBytes(body.length)).equals(body));
  }
  t.is(origin.peers.length, 1);
});

for (const [what, ca, servername] of [
  ['of an unknown authority', false, 'localhost'],
  ['for another name', true, 'elsewhere.example'],
] as const) {
  test(`a source with a certificate ${what} is refused and logged`, async (t) => {
    const identity = await makeIdentity();
    const origin = await openOrigin(t, identity);
    const { connect, errors } = await openWire(t, origin, {
      source: {
        host: '127.0.0.1',
        port: origin.port,
        tls: { ...(ca && { ca: identity.cert }), servername },
      },
    });
    const client = await connect();
    client.send(GET);
    t.regex(await client.take('\r\n\r\n'), /^HTTP\/1.1 503 [^]*X-Fault: unreachable\r\n/);
    t.is(errors.length, 1);
    t.truthy(errors[0]?.cause);
  });
}

test('a close-delimited answer over TLS is whole only if TLS ended too', async (t) => {
  const identity = await makeIdentity();
  const raws: net.Socket[] = [];
  const origin = await openOrigin(t, identity);
  // A hop between the wire and the origin, to end TCP without ending TLS.
  const hop = net.createServer((near) => {
    const far = net.connect(origin.port, '127.0.0.1');
    raws.push(near, far);
    near.on('error', () => {});
    far.on('error', () => {});
    near.pipe(far);
    far.pipe(near, { end: true });
  });
  hop.listen(0, '127.0.0.1');
  await once(hop, 'listening');
  t.teardown(() => {
    hop.close();
    for (const raw of raws) raw.destroy();
  });
  const address = hop.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const { connect } = await openWire(t, origin, {
    source: { host: '127.0.0.1', port, tls: { ca: identity.cert, servername: 'localhost' } },
  });
  for (const clean of [true, false]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const client = await connect();
    client.send(GET);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const source = await origin.next();
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await source.take('\r\n\r\n');
    source.send('HTTP/1.1 200 OK\r\n\r\nsome');
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await client.take('some');
    if (clean) source.socket.end();
    else raws[raws.length - 2]?.end();
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { text, cut } = await client.over();
    t.is(text, 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nsome');
    t.is(cut, !clean, clean ? 'ended' : 'truncated');
  }
});
