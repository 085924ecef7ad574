// Damaged requests and damaged answers, for as long as one likes: whatever they are, an origin sees the requests that
// the wire saw and no other, each client gets the answers to its own, and nothing crashes.
// FUZZ_SECONDS says how long; FUZZ_SEED makes the same damage again, and what failed is told with its bytes.

import { once } from 'node:events';
import http from 'node:http';
import net, { type Server, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import type { Interception, RequestHead } from '../../src/wire/types.ts';
import { openWire, type Peer } from './arrangement.ts';
import { capture, collect } from './conversation.ts';
import { CarelessReader, type Dice, dice, mutated, pick, readAnswers } from './mutation.ts';

const seconds = Number(process.env['FUZZ_SECONDS'] ?? 20);
const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 1e9));

const REQUESTS = [
  'GET /ID HTTP/1.1\r\nHost: h\r\n\r\n',
  'HEAD /ID?a=b&c HTTP/1.1\r\nHost: h\r\nRange: bytes=0-1\r\n\r\n',
  'PUT /ID HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello',
  'POST /ID HTTP/1.1\r\nHost: h\r\nX: y\r\nContent-Length: 42\r\nX-A: b\r\n\r\nGET /inner HTTP/1.1\r\nHost: h\r\nX: yyyyyyy\r\n\r\n',
  'PUT /ID HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n',
  'PUT /ID HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n00a\r\n0123456789\r\n0\r\nX: 1\r\n\r\n',
  'PUT /ID HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n27\r\n0\r\n\r\nGET /inner HTTP/1.1\r\nHost: h\r\nA:b\r\n\r\n\r\n0\r\n\r\n',
  'PUT /ID HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc',
  'GET /ID HTTP/1.0\r\n\r\n',
  'GET http://h/ID HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, x\r\nX: 1\r\n\r\n',
  'DELETE /ID HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
] as const;

const ANSWERS = [
  'HTTP/1.1 200 OK\r\nX-Id: ID\r\nContent-Length: 19\r\n\r\nID',
  'HTTP/1.1 200 OK\r\nX-Id: ID\r\nTransfer-Encoding: chunked\r\n\r\n13;x=y\r\nID\r\n0\r\nX-Id: ID\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 No\r\nX-Id: ID\r\nContent-Length: 19\r\n\r\nID',
  'HTTP/1.1 204 No\r\nX-Id: ID\r\n\r\n',
  'HTTP/1.1 304 Not\r\nX-Id: ID\r\nContent-Length: 19\r\n\r\n',
  'HTTP/1.1 200 OK\r\nX-Id: ID\r\nConnection: close\r\n\r\nID',
  'HTTP/1.0 200 OK\r\nX-Id: ID\r\nContent-Length: 19\r\n\r\nID',
  'HTTP/1.1 503 Slow\r\nX-Id: ID\r\nKeep-Alive: timeout=3\r\nContent-Length: 0\r\n\r\n',
] as const;

/** Whose answers could be taken for each other's. */
const VISITORS = 12;
const IDS_KEPT_MAX = 100_000;

const ID = /id-[0-9a-f]{16}/g;

function newId(roll: Dice): string {
  const half = (): string =>
    roll(2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return `id-${half()}${half()}`;
}

function damaged(text: string, roll: Dice): string {
  let result = text;
  for (let count = roll(4); count > 0; count -= 1) result = mutated(result, roll);
  return result;
}

async function listening(t: ExecutionContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** What an origin tells of the requests it read. */
type Report = (method: string, target: string, body: string | undefined) => void;

function echo(method: string, target: string): string {
  return Buffer.from(`${method} ${target}`, 'latin1').toString('hex');
}

/** Node's own server, told to be lenient. */
function lenientOrigin(report: Report): Server {
  const options = {
    insecureHTTPParser: true,
    requireHostHeader: false,
    keepAliveTimeout: 0,
    maxHeaderSize: 256 * 1024,
  };
  const serve = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    const { method = '', url = '' } = request;
    report(method, url, undefined);
    let body = '';
    request.on('error', () => {});
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString('latin1');
    });
    request.on('end', () => {
      report('', url, body);
      const text = echo(method, url);
      response.setHeader('X-Echo', text);
      response.setHeader('Content-Length', text.length);
      response.end(text);
    });
  };
  const server = http.createServer(options, serve);
  server.on('checkExpectation', serve);
  server.on('clientError', (_error, socket) => {
    socket.end('HTTP/1.1 400 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
  return server;
}

/** A server that reads whatever could be meant. */
function carelessOrigin(report: Report): Server {
  return net.createServer({ allowHalfOpen: true }, (socket) => {
    const reader = new CarelessReader();
    socket.on('end', () => socket.end());
    socket.on('data', (chunk: Buffer) => {
      for (const { method, target, body } of reader.read(chunk.toString('latin1'))) {
        report(method, target, undefined);
        report('', target, body);
        const text = echo(method, target);
        const content = method === 'HEAD' ? '' : text;
        socket.write(
          `HTTP/1.1 200 OK\r\nX-Echo: ${text}\r\nContent-Length: ${text.length}\r\n\r\n${content}`,
        );
      }
    });
  });
}

interface Read {
  readonly head: RequestHead;
  /** The content, where the wire was told to read it whole. */
  body?: string;
}

/** Keeps what the wire read, and what the origin did. */
class Ledger {
  readonly read: Read[] = [];
  readonly faults: string[] = [];
  readonly #open = new Map<string, number>();

  intercept(head: RequestHead, roll: Dice): Interception | undefined {
    const read: Read = { head };
    this.read.push(read);
    const key = `${head.method} ${head.target}`;
    this.#open.set(key, (this.#open.get(key) ?? 0) + 1);
    const how = roll(3);
    if (how === 0) return undefined;
    if (how === 1) return capture();
    const collecting = collect();
    return {
      ...collecting,
      admit: async (held) => {
        if (held?.ended) read.body = held.bytes.toString('latin1');
        return undefined;
      },
    };
  }

  report(method: string, target: string, body: string | undefined): void {
    if (body !== undefined) {
      const read = this.read.findLast(({ head }) => head.target === target);
      if (read?.body !== undefined && read.body !== body)
        this.faults.push(`another body of ${target}`);
      return;
    }
    const key = `${method} ${target}`;
    const open = this.#open.get(key) ?? 0;
    if (open === 0) this.faults.push(`a request that the wire did not see: ${key}`);
    this.#open.set(key, open - 1);
  }

  forget(): void {
    this.read.length = 0;
    this.faults.length = 0;
    if (this.#open.size > 10_000) this.#open.clear();
  }
}

/** Sends a text in a few packets, ends the connection, and waits for the answers to it. */
async function visit(client: Peer, text: string, roll: Dice): Promise<string> {
  const bytes = Buffer.from(text, 'latin1');
  const middle = roll(bytes.length);
  client.send(bytes.subarray(0, middle));
  if (roll(2) === 0) await new Promise((resolve) => setImmediate(resolve));
  client.send(bytes.subarray(middle)).socket.end();
  try {
    await client.over();
  } catch (cause) {
    // Somebody waits for the rest of what was no request to somebody else.
    throw new Error(`no end to ${JSON.stringify({ text, got: client.text })}`, { cause });
  }
  client.socket.destroy();
  return client.text;
}

/** Keeps the errors that are no origin's doing, so that hours of the others need no memory. */
function watch(): { bugs: string[]; onError: (error: Error) => void } {
  const bugs: string[] = [];
  const onError = (error: Error): void => {
    if (!error.message.startsWith('the source ')) bugs.push(error.stack ?? error.message);
  };
  return { bugs, onError };
}

const ORIGINS = { lenient: lenientOrigin, careless: carelessOrigin };
const deadlines = { progressMs: 2000, headMs: 2000, lingerMs: 500 };

for (const [kind, open] of Object.entries(ORIGINS)) {
  test.serial(`damaged requests: a ${kind} origin sees what the wire saw`, async (t) => {
    t.timeout(seconds * 1000 + 60_000);
    t.log(`FUZZ_SEED=${seed}`);
    const roll = dice(seed);
    const ledger = new Ledger();
    const port = await listening(
      t,
      open((...seen) => ledger.report(...seen)),
    );
    const intercept = (head: RequestHead): Interception | undefined => ledger.intercept(head, roll);
    const { bugs, onError } = watch();
    const { connect } = await openWire(t, { port }, { intercept, deadlines, onError });
    const stop = Date.now() + (seconds * 1000) / 3;
    const count = { cases: 0, requests: 0, refused: 0 };
    while (Date.now() < stop) {
      const messages = Array.from({ length: 1 + roll(3) }, () =>
        pick(roll, REQUESTS).replaceAll('ID', newId(roll)),
      );
      const text = damaged(messages.join(''), roll) + REQUESTS[0].replace('ID', newId(roll));
      // oxlint-disable-next-line no-await-in-loop -- so that each answer can be told by its request
      const got = await visit(await connect(), text, roll);
      const sample = JSON.stringify({ text, got });
      const answers = readAnswers(
        got,
        ledger.read.map(({ head }) => head.method),
      );
      for (const [index, { head }] of answers.entries()) {
        const read = ledger.read[index];
        const echoed = /\r\nX-Echo: ([0-9a-f]*)\r\n/.exec(head)?.[1];
        if (echoed === undefined) count.refused += 1;
        else
          t.is(echoed, read === undefined ? '' : echo(read.head.method, read.head.target), sample);
      }
      t.deepEqual(ledger.faults, [], sample);
      count.cases += 1;
      count.requests += ledger.read.length;
      ledger.forget();
    }
    t.log(`${count.cases} cases, ${count.requests} requests, ${count.refused} refused`);
    t.deepEqual(bugs, []);
    t.true(count.requests > 0 && count.refused > 0);
  });
}

/** Answers each request, by its id, with something damaged, and leaves when nothing comes any more. */
function brokenOrigin(roll: Dice): Server {
  return net.createServer({ allowHalfOpen: true }, (socket) => {
    const reader = new CarelessReader();
    socket.setTimeout(20, () => socket.destroy());
    socket.on('end', () => socket.end());
    socket.on('data', (chunk: Buffer) => {
      for (const { target } of reader.read(chunk.toString('latin1'))) {
        const id = target.slice(1);
        // Now and then it says more than it was asked.
        const said = Array.from({ length: roll(4) === 0 ? 2 : 1 }, () => pick(roll, ANSWERS));
        const answer = Buffer.from(damaged(said.join('').replaceAll('ID', id), roll), 'latin1');
        // In one piece: an unasked answer that comes when the connection carries the next request is that request's,
        // as far as anybody can tell.
        socket.write(answer);
        if (roll(4) === 0) setImmediate(() => socket.end());
      }
    });
  });
}

test.serial('damaged answers: each goes to the client of its request, or to nobody', async (t) => {
  t.timeout(seconds * 1000 + 60_000);
  t.log(`FUZZ_SEED=${seed}`);
  const roll = dice(seed);
  const port = await listening(t, brokenOrigin(roll));
  const intercept = (): Interception | undefined =>
    pick<() => Interception | undefined>(roll, [() => undefined, capture, collect])();
  const { bugs, onError } = watch();
  const { connect } = await openWire(t, { port }, { intercept, deadlines, onError });
  const stop = Date.now() + (seconds * 1000) / 3;
  const known = new Set<string>();
  const count = { cases: 0, answers: 0, refused: 0 };
  const ask = async (): Promise<void> => {
    const requests = Array.from({ length: 1 + roll(3) }, () => {
      const method = pick(roll, ['GET', 'HEAD', 'PUT']);
      const body = method === 'PUT' ? 'Content-Length: 2\r\n\r\nok' : '\r\n';
      return { method, id: newId(roll), body };
    });
    if (known.size > IDS_KEPT_MAX) known.clear();
    for (const { id } of requests) known.add(id);
    const text = requests.map(
      ({ method, id, body }) => `${method} /${id} HTTP/1.1\r\nHost: h\r\n${body}`,
    );
    const got = await visit(await connect(), text.join(''), roll);
    const sample = JSON.stringify({ text, got });
    const answers = readAnswers(
      got,
      requests.map(({ method }) => method),
    );
    t.true(answers.length <= requests.length, sample);
    for (const [index, answer] of answers.entries()) {
      const ids = answer.text.match(ID) ?? [];
      t.deepEqual(
        ids.filter((id) => known.has(id) && id !== requests[index]?.id),
        [],
        sample,
      );
      if (answer.head.includes('X-Fault')) count.refused += 1;
      else count.answers += 1;
    }
    count.cases += 1;
  };
  const visitor = async (): Promise<void> => {
    // oxlint-disable-next-line no-await-in-loop -- one visit after the other
    while (Date.now() < stop) await ask();
  };
  await Promise.all(Array.from({ length: VISITORS }, visitor));
  t.log(`${count.cases} cases, ${count.answers} answers, ${count.refused} refused`);
  t.deepEqual(bugs, []);
  t.true(count.answers > 0 && count.refused > 0);
});
