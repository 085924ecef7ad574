// A cut by either side, at each stage of an exchange: the other side sees a cut or an error, never a complete message
// that is too short.

import type { Socket } from 'node:net';
import test from 'ava';
import { resetSocket } from '../../src/wire/reset.ts';
import type { Interception } from '../../src/wire/types.ts';
import { openOrigin, openWire } from './arrangement.ts';
import { capture, collect } from './conversation.ts';

const WAYS: Readonly<Record<string, (socket: Socket) => void>> = {
  resets: resetSocket,
  ends: (socket) => {
    socket.end();
  },
};

const INTERCEPTORS: Readonly<Record<string, () => Interception | undefined>> = {
  passing: () => undefined,
  captured: capture,
};

const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const PUT = 'PUT / HTTP/1.1\r\nHost: h\r\n';

/** Requests that are not whole, and what of them reaches the origin. */
const REQUEST_STAGES: Readonly<Record<string, readonly [sent: string, reached: string]>> = {
  'in the request line': ['GET /', ''],
  'in the head': ['GET / HTTP/1.1\r\nHost: h\r\n', ''],
  'behind the head': [`${PUT}Content-Length: 9\r\n\r\n`, `${PUT}Content-Length: 9\r\n\r\n`],
  'in a body by length': [
    `${PUT}Content-Length: 9\r\n\r\nhello`,
    `${PUT}Content-Length: 9\r\n\r\nhello`,
  ],
  'in a chunk': [
    `${PUT}Transfer-Encoding: chunked\r\n\r\n9\r\nhello`,
    `${PUT}Transfer-Encoding: chunked\r\n\r\n9\r\nhello`,
  ],
  'between two chunks': [
    `${PUT}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`,
    `${PUT}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`,
  ],
  'before the trailers': [
    `${PUT}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n`,
    `${PUT}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`,
  ],
  'in the trailers': [
    `${PUT}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n`,
    `${PUT}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`,
  ],
};

for (const [stage, [sent, reached]] of Object.entries(REQUEST_STAGES)) {
  for (const [how, leave] of Object.entries(WAYS)) {
    for (const [mode, intercept] of Object.entries(INTERCEPTORS)) {
      test(`a client that ${how} ${stage}, ${mode}: the origin never has a whole request`, async (t) => {
        const origin = await openOrigin(t);
        const { connect, wire } = await openWire(t, origin, { intercept });
        const client = await connect();
        client.send(sent);
        const source = reached === '' ? undefined : await origin.next();
        await source?.takeBytes(reached.length);
        leave(client.socket);
        await source?.gone();
        if (source === undefined) await client.gone();
        t.is(origin.text, reached);
        t.is(origin.peers.length, source === undefined ? 0 : 1);
        await wire.close(5000);
      });
    }
  }
}

/** Answers that are not whole. */
const ANSWER_STAGES: Readonly<Record<string, string>> = {
  'before its answer': '',
  'behind an interim answer': 'HTTP/1.1 103 Hints\r\n\r\n',
  'in the status line': 'HTTP/1.1 20',
  'in the head': 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n',
  'behind the head': 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n',
  'in a body by length': 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello',
  'before the first chunk': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
  'in a chunk': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello',
  'between two chunks': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
  'before the trailers': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n',
};
const ANSWER_MODES = { ...INTERCEPTORS, 'captured and collected': collect };

for (const [stage, sent] of Object.entries(ANSWER_STAGES)) {
  for (const [how, leave] of Object.entries(WAYS)) {
    for (const [mode, intercept] of Object.entries(ANSWER_MODES)) {
      test(`an origin that ${how} ${stage}, ${mode}: the client is told or cut`, async (t) => {
        const origin = await openOrigin(t);
        const { connect } = await openWire(t, origin, { intercept });
        const client = await connect();
        client.send(`${PUT}Content-Length: 5\r\n\r\nhello`);
        const source = await origin.next();
        await source.take('hello');
        await new Promise((resolve) => source.socket.write(sent, resolve));
        leave(source.socket);
        await client.until(
          () => client.text.includes('X-Fault') || client.broken !== undefined,
          'it',
        );
        const text = client.text.replace('HTTP/1.1 103 Hints\r\n\r\n', '');
        if (text.startsWith('HTTP/1.1 503 ')) t.regex(text, /\r\nX-Fault: lost\r\n/);
        else {
          t.is((await client.over()).cut, true);
          t.true(sent.startsWith(text), text);
          t.true(sent.includes('\r\n\r\n'), 'a cut only behind a head');
        }
        t.is(origin.peers.length, 1, 'nothing is sent again');
      });
    }
  }
}

test('an answer up to the end of the connection that is reset is cut, or never begun', async (t) => {
  for (const intercept of Object.values(ANSWER_MODES)) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const origin = await openOrigin(t);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { connect } = await openWire(t, origin, { intercept });
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const client = await connect();
    client.send(GET);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const source = await origin.next();
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await source.take('\r\n\r\n');
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await new Promise((resolve) => source.socket.write('HTTP/1.1 200 OK\r\n\r\nhello', resolve));
    resetSocket(source.socket);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await client.until(() => client.text.includes('X-Fault') || client.broken !== undefined, 'it');
    t.false(client.ended && client.broken === undefined && client.text.includes('200 OK'));
  }
});
