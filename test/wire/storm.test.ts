// Damaged messages, cuts and delays from both sides at once: whatever happens, each interception is told its end
// once, nothing crashes, and nothing is left.

import net, { type Socket } from 'node:net';
import test from 'ava';
import { resetSocket } from '../../src/wire/reset.ts';
import { WireServer } from '../../src/wire/server.ts';
import type { AnswerPlan, Interception } from '../../src/wire/types.ts';
import { refuse } from './arrangement.ts';

const STORM_MS = 3000;
const CLIENTS = 30;

const REQUESTS = [
  'GET /a HTTP/1.1\r\nHost: h\r\n\r\n',
  'PUT /b HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\n01234567890123456789',
  'PUT /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\nT: 1\r\n\r\n',
  'PUT /d HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello',
  'HEAD /e HTTP/1.0\r\n\r\n',
  'POST /f HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc',
];
const ANSWERS = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 200 OK\r\n\r\nxyz',
  'HTTP/1.1 204 No\r\n\r\n',
  'HTTP/1.1 403 F\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
];

/** Numbers below a bound, the same for the same seed. */
function dice(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * bound);
  };
}

const seed = Date.now() % 100_000;
const roll = dice(seed);

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function damaged(text: string | undefined): Buffer {
  const bytes = Buffer.from(text ?? '', 'latin1');
  if (roll(3) === 0) bytes[roll(bytes.length)] = roll(256);
  return roll(8) === 0 ? bytes.subarray(0, roll(bytes.length)) : bytes;
}

async function sendInTwo(socket: Socket, bytes: Buffer): Promise<void> {
  const middle = roll(bytes.length);
  socket.write(bytes.subarray(0, middle));
  await pause(roll(5));
  if (!socket.destroyed && socket.writable) socket.write(bytes.subarray(middle));
}

function leave(socket: Socket): void {
  const how = roll(5);
  if (how === 0) resetSocket(socket);
  if (how === 1) socket.destroy();
  if (how === 2) socket.end();
}

async function answerSomehow(socket: Socket): Promise<void> {
  if (roll(2) === 0) await pause(roll(10));
  if (socket.destroyed || !socket.writable) return;
  await sendInTwo(socket, damaged(ANSWERS[roll(ANSWERS.length)]));
  if (roll(4) === 0) leave(socket);
}

function plan(): AnswerPlan {
  if (roll(2) === 0) return { kind: 'relay', edit: { add: [{ name: 'x-s', value: 'y' }] } };
  return {
    kind: 'collect',
    bytesMax: roll(10) + 1,
    patienceMs: roll(10) + 1,
    complete: async () => {
      await pause(roll(4));
      return {};
    },
    early: () => ({}),
    finish: () => pause(roll(4)),
  };
}

function somehow(end: () => void): Interception {
  return {
    ...(roll(3) === 0 && { holdBody: { bytesMax: roll(20) + 1, enough: () => roll(4) === 0 } }),
    ...(roll(2) === 0 && {
      admit: async () => {
        await pause(roll(5));
        if (roll(10) === 0) throw new Error('bug');
        return roll(8) === 0 ? { status: 503, headers: [], body: Buffer.from('no') } : undefined;
      },
    }),
    ...(roll(2) === 0 && {
      answer: async () => {
        if (roll(2) === 0) await pause(roll(5));
        return plan();
      },
    }),
    answerMatters: roll(2) === 0,
    end,
  };
}

async function visit(port: number): Promise<void> {
  const socket = net.connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {});
  socket.on('end', () => socket.end());
  socket.resume();
  const requests = Array.from({ length: roll(3) + 1 }, () => damaged(REQUESTS[roll(6)]));
  const sent = sendInTwo(socket, Buffer.concat(requests));
  const leaving = setTimeout(() => leave(socket), roll(40));
  const given = setTimeout(() => socket.destroy(), 1500);
  await closed;
  await sent;
  clearTimeout(leaving);
  clearTimeout(given);
}

test(`a storm of damage and cuts leaves nothing behind (seed ${seed})`, async (t) => {
  const sockets = new Set<Socket>();
  const origin = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.setTimeout(300, () => socket.destroy());
    socket.on('data', () => {
      answerSomehow(socket).catch((error: unknown) => t.fail(String(error)));
    });
  });
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  const address = origin.address();
  t.teardown(() => {
    origin.close();
    for (const socket of sockets) socket.destroy();
  });
  let begun = 0;
  let twice = 0;
  let ended = 0;
  const wire = new WireServer({
    listen: { host: '127.0.0.1', port: 0 },
    source: {
      host: '127.0.0.1',
      port: address !== null && typeof address === 'object' ? address.port : 0,
    },
    intercept: () => {
      begun += 1;
      let told = false;
      return somehow(() => {
        if (told) twice += 1;
        told = true;
        ended += 1;
      });
    },
    refuse,
    heldBytesMax: 200,
    deadlines: { headMs: 200, idleMs: 200, progressMs: 200, heldMs: 100, lingerMs: 50 },
  });
  const { port } = await wire.start();
  const end = Date.now() + STORM_MS;
  const visitor = async (): Promise<void> => {
    // oxlint-disable-next-line no-await-in-loop -- one visit after the other
    while (Date.now() < end) await visit(port);
  };
  await Promise.all(Array.from({ length: CLIENTS }, visitor));
  // With no grace left to use up: everything must end by itself, for every source hangs up after 300 ms.
  await wire.close(30_000);
  t.true(begun > 50, `${begun} requests got through`);
  t.is(ended, begun);
  t.is(twice, 0);
  t.is(wire.connectionsOpen, 0);
});
