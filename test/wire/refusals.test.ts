// Whatever leaves a doubt is refused, and the source sees nothing of it.

import { readFileSync } from 'node:fs';
import test from 'ava';
import { openOrigin, openWire } from './arrangement.ts';
import {
  casesOf,
  REFUSED_ANSWERS,
  REFUSED_BODIES,
  REFUSED_REQUESTS,
  type Refusal,
  renderRefusals,
} from './refusals.ts';

for (const [what, bytes, status] of casesOf(REFUSED_REQUESTS)) {
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

for (const [what, [good, faulty], status] of casesOf(REFUSED_BODIES)) {
  test(`${what} in a chunked body: nothing from the faulty line on reaches the source`, async (t) => {
    const origin = await openOrigin(t);
    const { connect } = await openWire(t, origin);
    const client = await connect();
    client.send(CHUNKED + good);
    const source = await origin.next();
    await source.take(CHUNKED + good);
    client.send(faulty);
    const { text } = await client.over();
    t.true(text.startsWith(`HTTP/1.1 ${status} `), text);
    await source.gone();
    t.is(source.text, CHUNKED + good);
  });
}

for (const [what, answer, status] of casesOf(REFUSED_ANSWERS)) {
  test(`an answer with ${what}: ${status}, and the source connection is given up`, async (t) => {
    const origin = await openOrigin(t);
    const { connect, errors } = await openWire(t, origin);
    const client = await connect();
    client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    const source = await origin.next();
    await source.take('\r\n\r\n');
    source.send(answer);
    const reply = await client.take('\r\n\r\n');
    t.true(reply.startsWith(`HTTP/1.1 ${status} `), reply);
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

const TABLES: Readonly<Record<string, readonly Refusal<unknown>[]>> = {
  'refused requests': REFUSED_REQUESTS,
  'refused bodies': REFUSED_BODIES,
  'refused answers': REFUSED_ANSWERS,
};

for (const [name, table] of Object.entries(TABLES)) {
  test(`docs/wire.md holds the table of ${name} as the tests try them`, (t) => {
    const text = readFileSync(new URL('../../../docs/wire.md', import.meta.url), 'utf8');
    const [, written] =
      new RegExp(`<!-- ${name}: begin -->\n([^]*)<!-- ${name}: end -->`).exec(text) ?? [];
    t.is(written, renderRefusals(table));
  });
}
