// What an interceptor can do, and what it is told in the end.

import test, { type ExecutionContext } from 'ava';
import { resetSocket } from '../../src/wire/reset.ts';
import type {
  AnswerPlan,
  ExchangeEnd,
  HeadEdit,
  HeldBody,
  Interception,
  Outcome,
  Reply,
} from '../../src/wire/types.ts';
import { type Arranged, type Origin, openOrigin, openWire, type Peer } from './arrangement.ts';

const EMPTY = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const PUT = 'PUT /o HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello';

interface Deferred<Value> {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
}

function deferred<Value>(): Deferred<Value> {
  const settlers: ((value: Value) => void)[] = [];
  const promise = new Promise<Value>((settle) => settlers.push(settle));
  return { promise, resolve: (value) => settlers[0]?.(value) };
}

interface Scene extends Arranged {
  readonly origin: Origin;
  readonly client: Peer;
  readonly ends: ExchangeEnd[];
  /** Waits for the end of the exchange. */
  readonly outcome: () => Promise<Outcome>;
}

async function arrange(
  t: ExecutionContext,
  interception: Interception,
  options: Parameters<typeof openWire>[2] = {},
): Promise<Scene> {
  const origin = await openOrigin(t);
  const ends: ExchangeEnd[] = [];
  const over = deferred<undefined>();
  const intercept = (): Interception => ({
    ...interception,
    end: (end) => {
      ends.push(end);
      over.resolve(undefined);
    },
  });
  const arranged = await openWire(t, origin, { intercept, ...options });
  const client = await arranged.connect();
  const outcome = async (): Promise<Outcome> => {
    await over.promise;
    t.is(ends.length, 1, 'told once');
    return ends[0]?.outcome ?? 'unsent';
  };
  return { ...arranged, origin, client, ends, outcome };
}

test('nothing goes to the source until the request is admitted', async (t) => {
  const gate = deferred<Reply | undefined>();
  const asked = deferred<HeldBody | undefined>();
  const admit = async (held: HeldBody | undefined): Promise<Reply | undefined> => {
    asked.resolve(held);
    return gate.promise;
  };
  const { origin, client, outcome } = await arrange(t, { admit });
  client.send(PUT);
  t.is(await asked.promise, undefined);
  t.is(origin.peers.length, 0);
  gate.resolve(undefined);
  const source = await origin.next();
  t.is(await source.take('hello'), PUT);
  source.send(EMPTY);
  t.is(await client.take('\r\n\r\n'), EMPTY);
  t.is(await outcome(), 'answered');
});

test('a reply instead of admission: the source is never reached', async (t) => {
  const reply = { status: 503, headers: [{ name: 'A', value: 'b' }], body: Buffer.from('slow') };
  const { origin, client, ends, outcome } = await arrange(t, { admit: async () => reply });
  client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  t.is(
    await client.take('slow'),
    'HTTP/1.1 503 Service Unavailable\r\nA: b\r\nContent-Length: 4\r\n\r\nslow',
  );
  t.is(await outcome(), 'unsent');
  t.is(ends[0]?.status, 503);
  t.is(origin.peers.length, 0);
});

test('a reply while the body is still coming ends the connection', async (t) => {
  const reply = { status: 503, headers: [], body: Buffer.from('slow') };
  const { origin, client, outcome } = await arrange(t, { admit: async () => reply });
  client.send('PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\nabc');
  const { text, cut } = await client.over();
  t.true(text.includes('Connection: close\r\n'));
  t.false(cut);
  t.is(await outcome(), 'unsent');
  t.is(origin.peers.length, 0);
});

test('a rejected admission is a 500, logged, and the source sees nothing', async (t) => {
  const { origin, client, errors, outcome } = await arrange(t, {
    admit: async () => {
      throw new Error('bug');
    },
  });
  client.send(PUT);
  t.regex((await client.over()).text, /^HTTP\/1.1 500 /);
  t.is(await outcome(), 'unsent');
  t.is(errors[0]?.message, 'bug');
  t.is(origin.peers.length, 0);
});

test('a client that leaves before admission leaves the source untouched', async (t) => {
  const gate = deferred<undefined>();
  const asked = deferred<undefined>();
  const admit = async (): Promise<undefined> => {
    asked.resolve(undefined);
    return gate.promise;
  };
  const { origin, client, ends, outcome, wire } = await arrange(t, { admit });
  client.send('DELETE / HTTP/1.1\r\nHost: h\r\n\r\n');
  await asked.promise;
  resetSocket(client.socket);
  while (wire.connectionsOpen > 0) {
    // oxlint-disable-next-line no-await-in-loop -- until it is noticed
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.is(ends.length, 0, 'its promise is still open');
  gate.resolve(undefined);
  t.is(await outcome(), 'unsent');
  t.is(origin.peers.length, 0);
});

for (const [framing, head, body] of [
  ['length', 'Content-Length: 11', 'hello world'],
  ['chunked', 'Transfer-Encoding: chunked', '5;x=y\r\nhello\r\n006\r\n world\r\n0\r\nT: 1\r\n\r\n'],
] as const) {
  for (const expecting of [false, true]) {
    test(`a held body (${framing}${expecting ? ', expecting 100' : ''}) is shown decoded and goes on as it came`, async (t) => {
      const gate = deferred<Reply | undefined>();
      const asked = deferred<HeldBody | undefined>();
      const { origin, client, outcome } = await arrange(t, {
        holdBody: { bytesMax: 1000, enough: () => false },
        admit: async (held) => {
          asked.resolve(held);
          return gate.promise;
        },
      });
      const expectation = expecting ? 'Expect: 100-continue\r\n' : '';
      const request = `POST /b?delete HTTP/1.1\r\nHost: h\r\n${expectation}${head}\r\n\r\n`;
      client.send(request);
      if (expecting) {
        const source = await origin.next();
        t.is(await source.take('\r\n\r\n'), request);
        source.send('HTTP/1.1 100 Continue\r\n\r\n');
        await client.take('100 Continue\r\n\r\n');
      }
      for (const byte of body) client.send(byte);
      const held = await asked.promise;
      t.is(held?.bytes.toString(), 'hello world');
      t.true(held?.ended);
      t.is(origin.text, expecting ? request : '');
      gate.resolve(undefined);
      const source = origin.peers[0] ?? (await origin.next());
      await source.until(() => source.text.length >= (request + body).length, 'the request');
      t.is(source.text, request + body);
      source.send(EMPTY);
      t.is(await client.take('\r\n\r\n'), EMPTY);
      t.is(await outcome(), 'answered');
    });
  }
}

test('holding stops when it is enough, and the rest streams after admission', async (t) => {
  const asked: HeldBody[] = [];
  const { origin, client, outcome } = await arrange(t, {
    holdBody: { bytesMax: 1000, enough: (prefix) => prefix.includes('w') },
    admit: async (held) => {
      if (held !== undefined) asked.push(held);
      return undefined;
    },
  });
  const request = 'PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello w';
  client.send(request);
  const source = await origin.next();
  t.is(await source.take('hello w'), request);
  t.deepEqual(
    asked.map(({ bytes, ended }) => [bytes.toString(), ended]),
    [['hello w', false]],
  );
  client.send('orld');
  t.is(await source.take('orld'), 'orld');
  source.send(EMPTY);
  await client.take('\r\n\r\n');
  t.is(await outcome(), 'answered');
});

test('holding stops at its limit', async (t) => {
  const asked: HeldBody[] = [];
  const { origin, client } = await arrange(t, {
    holdBody: { bytesMax: 8, enough: () => false },
    admit: async (held) => {
      if (held !== undefined) asked.push(held);
      return undefined;
    },
  });
  client.send('PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n12345678');
  const source = await origin.next();
  await source.take('12345678');
  t.is(asked[0]?.ended, false);
  client.send('9ab');
  await source.take('9ab');
});

test('a request without a body is held as an empty one', async (t) => {
  const asked: HeldBody[] = [];
  const { origin, client } = await arrange(t, {
    holdBody: { bytesMax: 8, enough: () => false },
    admit: async (held) => {
      if (held !== undefined) asked.push(held);
      return undefined;
    },
  });
  client.send('PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n');
  await (await origin.next()).take('\r\n\r\n');
  t.deepEqual(
    asked.map(({ bytes, ended }) => [bytes.length, ended]),
    [[0, true]],
  );
});

test('a refusal of a held, expecting request reaches the client, and admission is not asked', async (t) => {
  let asked = 0;
  const { origin, client, outcome } = await arrange(t, {
    holdBody: { bytesMax: 8, enough: () => false },
    admit: async () => {
      asked += 1;
      return undefined;
    },
  });
  client.send('PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n');
  const source = await origin.next();
  await source.take('\r\n\r\n');
  source.send('HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n');
  t.regex((await client.over()).text, /^HTTP\/1.1 403 No\r\n/);
  t.is(await outcome(), 'answered');
  t.is(asked, 0);
});

test('a reply after the head went ahead is no "unsent"', async (t) => {
  const reply = { status: 503, headers: [], body: Buffer.from('slow') };
  const { origin, client, outcome } = await arrange(t, {
    holdBody: { bytesMax: 8, enough: () => false },
    admit: async () => reply,
  });
  client.send('PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n');
  const source = await origin.next();
  await source.take('\r\n\r\n');
  client.send('abc');
  await client.take('slow');
  await source.gone();
  t.is(await outcome(), 'cut');
  t.false(source.text.includes('abc'));
});

test('held bytes share a budget; who finds no room in time is told so', async (t) => {
  const { connect, client, origin } = await arrange(
    t,
    { holdBody: { bytesMax: 1000, enough: () => false }, admit: async () => undefined },
    { heldBytesMax: 10, deadlines: { heldMs: 100 } },
  );
  const head = 'PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\n';
  client.send(`${head}0123456789`);
  const second = await connect();
  // The first piece of the first request uses all of it up.
  await client.until(() => true, 'nothing');
  second.send(`${head}0123456789`);
  const losers = await Promise.race([client.take('\r\n\r\n'), second.take('\r\n\r\n')]);
  t.regex(losers, /^HTTP\/1.1 503 [^]*X-Fault: busy\r\n/);
  t.is(origin.peers.length, 0);
});

test('who waits for room among the held bytes goes on when there is some', async (t) => {
  const { connect, client, origin } = await arrange(
    t,
    { holdBody: { bytesMax: 1000, enough: () => false } },
    { heldBytesMax: 10 },
  );
  const head = 'PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n';
  client.send(`${head}0123456789`);
  const second = await connect();
  second.send(`${head}abcdefghijk`);
  client.send('!');
  resetSocket(client.socket);
  const source = await origin.next();
  t.regex(await source.take(source.text.includes('!') ? '!' : 'k'), /PUT/);
  t.pass();
});

test('the answer waits for its plan, which may add and remove lines', async (t) => {
  const plan = deferred<AnswerPlan>();
  const seen = deferred<number>();
  const { origin, client, outcome } = await arrange(t, {
    answer: (head) => {
      seen.resolve(head.status);
      return plan.promise;
    },
  });
  client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  const source = await origin.next();
  await source.take('\r\n\r\n');
  source.send('HTTP/1.1 206 Part\r\nX-A: 1\r\nx-b: 2\r\nX-a: 3\r\nContent-Length: 4\r\n\r\nbody');
  t.is(await seen.promise, 206);
  t.is(client.text, '');
  plan.resolve({
    kind: 'relay',
    edit: { add: [{ name: 'x-s', value: 'PENDING' }], remove: ['x-a'] },
  });
  t.is(
    await client.take('body'),
    'HTTP/1.1 206 Part\r\nx-b: 2\r\nContent-Length: 4\r\nx-s: PENDING\r\n\r\nbody',
  );
  t.is(await outcome(), 'answered');
});

test('an answer whose plan is a bug: 500, logged, outcome lost', async (t) => {
  const { origin, client, errors, outcome } = await arrange(t, {
    answer: () => {
      throw new Error('bug');
    },
  });
  client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  const source = await origin.next();
  await source.take('\r\n\r\n');
  source.send(EMPTY);
  t.regex((await client.over()).text, /^HTTP\/1.1 500 /);
  t.is(await outcome(), 'lost');
  t.is(errors[0]?.message, 'bug');
});

const ADDED: HeadEdit = { add: [{ name: 'x-s', value: 'done' }] };

interface Collected {
  readonly plan: AnswerPlan;
  readonly bodies: (string | undefined)[];
  readonly calls: string[];
  readonly gate: Deferred<undefined>;
}

function collecting(bytesMax: number, patienceMs: number): Collected {
  const bodies: (string | undefined)[] = [];
  const calls: string[] = [];
  const gate = deferred<undefined>();
  const plan: AnswerPlan = {
    kind: 'collect',
    bytesMax,
    patienceMs,
    complete: async (body) => {
      calls.push('complete');
      bodies.push(body.toString());
      await gate.promise;
      return ADDED;
    },
    early: () => {
      calls.push('early');
      return ADDED;
    },
    finish: async (body) => {
      calls.push('finish');
      bodies.push(body?.toString());
      await gate.promise;
    },
  };
  return { plan, bodies, calls, gate };
}

const FRAMED = {
  length: ['Content-Length: 6\r\n', ' <a/>', '!', ''],
  chunked: [
    'Transfer-Encoding: chunked\r\n',
    '5;e\r\n <a/>\r\n',
    '1\r\n!\r\n',
    '0\r\nT: 1\r\n\r\n',
  ],
  'close-delimited': ['', ' <a/>', '!', ''],
} as const;

for (const [framing, [line, first, second, last]] of Object.entries(FRAMED)) {
  const close = framing === 'close-delimited' ? 'Connection: close\r\n' : '';
  const head = `HTTP/1.1 200 OK\r\n${line}\r\n`;
  const edited = `HTTP/1.1 200 OK\r\n${line}x-s: done\r\n${close}\r\n`;

  test(`a collected answer (${framing}) goes on when it is whole and handled`, async (t) => {
    const { plan, bodies, calls, gate } = collecting(1000, 20_000);
    const { origin, client, outcome, ends } = await arrange(t, { answer: () => plan });
    client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    const source = await origin.next();
    await source.take('\r\n\r\n');
    source.send(head).send(first).send(second).send(last);
    if (close !== '') source.socket.end();
    while (bodies.length === 0) {
      // oxlint-disable-next-line no-await-in-loop -- until it is collected
      await new Promise((resolve) => setImmediate(resolve));
    }
    t.deepEqual(bodies, [' <a/>!']);
    t.is(client.text, '');
    t.is(ends.length, 0);
    gate.resolve(undefined);
    const whole = edited + first + second + last;
    await client.until(() => client.text.length >= whole.length, 'the answer');
    t.is(client.text, whole);
    t.deepEqual(calls, ['complete']);
    t.is(await outcome(), 'answered');
  });

  test(`a collected answer (${framing}) longer than its limit: only its end waits`, async (t) => {
    const { plan, bodies, calls, gate } = collecting(3, 20_000);
    const { origin, client, outcome } = await arrange(t, { answer: () => plan });
    client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    const source = await origin.next();
    await source.take('\r\n\r\n');
    source.send(head).send(first);
    t.is(await client.take('<a/>'), `${edited}${first.trimEnd()}`);
    source.send(second).send(last);
    if (close !== '') source.socket.end();
    while (bodies.length === 0) {
      // oxlint-disable-next-line no-await-in-loop -- until it is collected
      await new Promise((resolve) => setImmediate(resolve));
    }
    t.deepEqual(bodies, [undefined]);
    t.false(client.text.endsWith(framing === 'length' ? '!' : '\r\n\r\n'));
    t.false(client.ended);
    gate.resolve(undefined);
    const whole = edited + first + second + last;
    await client.until(() => client.text.length >= whole.length, 'the answer');
    t.is(client.text, whole);
    t.deepEqual(calls, ['early', 'finish']);
    t.is(await outcome(), 'answered');
    if (close !== '') t.false((await client.over()).cut);
  });
}

test('a collected answer that keeps alive with white space is relayed early', async (t) => {
  const { plan, bodies, calls, gate } = collecting(1000, 50);
  const { origin, client, outcome } = await arrange(t, { answer: () => plan });
  client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n');
  const source = await origin.next();
  await source.take('\r\n\r\n');
  source.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n<?xml>\r\n1\r\n \r\n');
  t.true((await client.take('1\r\n \r\n')).includes('x-s: done'));
  source.send('1\r\n\n\r\n');
  await client.take('1\r\n\n\r\n');
  source.send('4\r\n<a/>\r\n0\r\n\r\n');
  await client.take('4\r\n<a/>\r\n');
  t.deepEqual(bodies, ['<?xml> \n<a/>']);
  t.is(client.rest, '');
  gate.resolve(undefined);
  await client.take('0\r\n\r\n');
  t.deepEqual(calls, ['early', 'finish']);
  t.is(await outcome(), 'answered');
});

test('a collected answer that is cut before it was sent: 503, lost', async (t) => {
  const { plan, calls } = collecting(1000, 20_000);
  const { origin, client, outcome, ends } = await arrange(t, { answer: () => plan });
  client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  const source = await origin.next();
  await source.take('\r\n\r\n');
  source.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc').socket.end();
  t.regex(await client.take('\r\n\r\n'), /^HTTP\/1.1 503 /);
  t.is(await outcome(), 'lost');
  t.is(ends[0]?.status, 503);
  t.deepEqual(calls, []);
});

test('a collected HEAD or empty answer is complete at once', async (t) => {
  const { plan, bodies, gate } = collecting(1000, 20_000);
  gate.resolve(undefined);
  const { origin, client } = await arrange(t, { answer: () => plan });
  client.send('HEAD / HTTP/1.1\r\nHost: h\r\n\r\n');
  const source = await origin.next();
  await source.take('\r\n\r\n');
  source.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n');
  t.is(await client.take('\r\n\r\n'), 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\nx-s: done\r\n\r\n');
  t.deepEqual(bodies, ['']);
});

test('an answer that matters is read though the client has left', async (t) => {
  const { plan, bodies, gate } = collecting(1000, 20_000);
  gate.resolve(undefined);
  const { origin, client, outcome, ends, wire } = await arrange(t, {
    answer: () => plan,
    answerMatters: true,
  });
  client.send(PUT);
  const source = await origin.next();
  await source.take('hello');
  resetSocket(client.socket);
  while (wire.connectionsOpen > 0) {
    // oxlint-disable-next-line no-await-in-loop -- until it is noticed
    await new Promise((resolve) => setImmediate(resolve));
  }
  source.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  t.is(await outcome(), 'answered');
  t.deepEqual(bodies, ['ok']);
  t.is(ends[0]?.status, 0);
});

for (const [when, send, outcomeWanted] of [
  [
    'before the body is whole',
    'PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhello',
    'cut',
  ],
  ['after the request', PUT, 'lost'],
] as const) {
  test(`a client that leaves ${when}: ${outcomeWanted}`, async (t) => {
    const { origin, client, outcome } = await arrange(t, {});
    client.send(send);
    const source = await origin.next();
    await source.take('hello');
    resetSocket(client.socket);
    await source.gone();
    t.is(await outcome(), outcomeWanted);
  });

  test(`a source that dies ${when}: ${outcomeWanted}`, async (t) => {
    const { origin, client, outcome } = await arrange(t, {});
    client.send(send);
    const source = await origin.next();
    await source.take('hello');
    resetSocket(source.socket);
    t.regex(await client.take('\r\n\r\n'), /^HTTP\/1.1 503 /);
    t.is(await outcome(), outcomeWanted);
  });
}

test('an unreachable source: unsent', async (t) => {
  const { client, outcome } = await arrange(t, {}, { source: { host: '127.0.0.1', port: 1 } });
  client.send(PUT);
  t.regex(await client.take('\r\n\r\n'), /^HTTP\/1.1 503 /);
  t.is(await outcome(), 'unsent');
});

test('closing waits for an answer that matters, though its client has left', async (t) => {
  const { origin, client, outcome, ends, wire } = await arrange(t, { answerMatters: true });
  client.send(PUT);
  const source = await origin.next();
  await source.take('hello');
  resetSocket(client.socket);
  while (wire.connectionsOpen > 0) {
    // oxlint-disable-next-line no-await-in-loop -- until it is noticed
    await new Promise((resolve) => setImmediate(resolve));
  }
  const closed = wire.close(60_000).then(() => ends.length);
  source.send(EMPTY);
  t.is(await outcome(), 'answered');
  t.is(await closed, 1);
});

test('an early answer that is cut at the source is cut at the client, and not finished', async (t) => {
  const { plan, calls } = collecting(3, 20_000);
  const { origin, client, outcome } = await arrange(t, { answer: () => plan });
  client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  const source = await origin.next();
  await source.take('\r\n\r\n');
  source.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabcde');
  await client.take('abcde');
  source.socket.end();
  t.true((await client.over()).cut);
  t.is(await outcome(), 'lost');
  t.deepEqual(calls, ['early']);
});

test('an added header line with a line break is a bug, not two lines', async (t) => {
  const edit = { add: [{ name: 'x', value: 'a\r\nSet-Cookie: b' }] };
  const { origin, client, errors } = await arrange(t, {
    answer: () => ({ kind: 'relay', edit }),
  });
  client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  const source = await origin.next();
  await source.take('\r\n\r\n');
  source.send(EMPTY);
  const { text } = await client.over();
  t.regex(text, /^HTTP\/1.1 500 /);
  t.false(text.includes('Cookie'));
  t.is(errors.length, 1);
});
