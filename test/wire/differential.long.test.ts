// Thousands of conversations that nobody thought of: whatever is valid passes a wire as if it were not there.
// WIRE_EXCHANGES says how many exchanges, WIRE_SEED repeats a run.

import test from 'ava';
import * as fc from 'fast-check';
import type { Interception } from '../../src/wire/types.ts';
import type { Peer } from './arrangement.ts';
import {
  answers,
  asks,
  assertSame,
  type Between,
  capture,
  collect,
  conversation,
  converse,
  end,
  openDirect,
  openPassage,
  over,
  type Step,
  send,
  takes,
  takesBody,
} from './conversation.ts';

const exchanges = Number(process.env['WIRE_EXCHANGES'] ?? 5000);
const seed = Number(process.env['WIRE_SEED'] ?? Math.floor(Math.random() * 1e9));

const EXCHANGES_MAX = 8;
const TALKS_A_ROUND = 25;
/** Whatever waits in vain waits long, and so does each attempt to say it shorter. */
const SHRINKING_MAX_MS = 100_000;

interface Message {
  readonly head: string;
  readonly body: string;
}

/** How the two sides of an exchange take turns. */
type Turns = 'whole' | 'continued' | 'in halves';

interface Exchanged {
  readonly request: Message;
  readonly interim: readonly string[];
  readonly answer: Message;
  readonly turns: Turns;
}

const characters = (from: number, to: number, without = ''): string[] =>
  Array.from({ length: to - from }, (_, index) => String.fromCharCode(from + index)).filter(
    (character) => !without.includes(character),
  );
const text = (units: readonly string[], maxLength: number, minLength = 0): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...units), minLength, maxLength });

const TOKEN = characters(33, 127, '"(),/:;<=>?@[\\]{}');
const VALUE = ['\t', ...characters(32, 127), ...characters(128, 256)];
const TARGET = [...characters(33, 127), ...characters(128, 256)];

const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH', 'BREW'];
const KNOWN = ['Host', 'Content-Length', 'Transfer-Encoding', 'Connection', 'Expect', 'Keep-Alive'];
const TAKEN = new Set([...KNOWN, 'Proxy-Connection', 'TE', 'Upgrade', 'hop'].map(lowerCase));

function lowerCase(name: string): string {
  return name.toLowerCase();
}

const name = fc.oneof(
  text(TOKEN, 12, 1).filter((token) => !TAKEN.has(lowerCase(token))),
  fc.constantFrom(
    'x-amz-meta-a',
    'X-Amz-Meta-A',
    'ETag',
    'Date',
    'Via',
    'Authorization',
    'Trailer',
  ),
  text(TOKEN, 4, 1).map((token) => `x-${token.repeat(80)}`),
);
const value = fc.oneof(
  text(VALUE, 30),
  text(VALUE, 8).map((some) => some.repeat(100)),
);
const endToEnd = fc.tuple(name, value).map(([left, right]) => `${left}:${right}\r\n`);
const hopByHop = fc.constantFrom(
  'Connection: keep-alive\r\n',
  'connection: Hop ,\r\n',
  'Hop: 1\r\n',
  'Keep-Alive: timeout=60\r\n',
  'Proxy-Connection: close\r\n',
  'TE: trailers\r\n',
  'Upgrade: h2c\r\n',
);
/** Once a line is named as hop-by-hop it is gone wherever it stands, so that naming it comes with it. */
const lines = fc
  .array(fc.oneof({ weight: 5, arbitrary: endToEnd }, hopByHop), { maxLength: 12 })
  .map((some) => (some.includes('Hop: 1\r\n') ? some.concat('Connection: hop\r\n') : some));

const data = fc.oneof(
  text(characters(0, 256), 60, 1),
  fc.constantFrom(
    '\r\n',
    '0\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: h\r\n\r\n',
    'HTTP/1.1 200 OK\r\n\r\n',
  ),
  fc
    .tuple(text(characters(0, 256), 20, 1), fc.integer({ min: 1, max: 2000 }))
    .map(([some, count]) => some.repeat(count)),
);
const chunk = fc
  .record({
    data,
    zeros: fc.constantFrom('', '0', '000'),
    extension: fc.constantFrom('', ';a', ';a=b;c="d e"', ';chunk-signature=abc', '; x'),
    upper: fc.boolean(),
  })
  .map(({ data: content, zeros, extension, upper }) => {
    const digits = content.length.toString(16);
    return `${zeros}${upper ? digits.toUpperCase() : digits}${extension}\r\n${content}\r\n`;
  });
const trailers = fc.array(
  fc.constantFrom('X-A: 1\r\n', 'x-b:\r\n', 'X-C:  \xe9 \r\n', 'ETag: "x"\r\n'),
  { maxLength: 3 },
);

/** A body, and the line that frames it. */
const framed: fc.Arbitrary<readonly [line: string, body: string]> = fc.oneof(
  data.map((body) => [`Content-Length: ${body.length}\r\n`, body] as const),
  fc
    .tuple(fc.array(chunk, { maxLength: 5 }), fc.constantFrom('0', '000', '0;z'), trailers)
    .map(([chunks, last, some]) => {
      const body = `${chunks.join('')}${last}\r\n${some.join('')}\r\n`;
      return ['transfer-encoding:chunked\r\n', body] as const;
    }),
  fc.constant(['content-length:0\r\n', ''] as const),
);
const unframed = fc.constant(['', ''] as const);

function message(start: string, some: readonly string[], framing: string, at: number): string {
  const all = [...some];
  all.splice(at % (some.length + 1), 0, framing);
  return `${start}\r\n${all.join('')}\r\n`;
}

const request = fc
  .record({
    method: fc.oneof(
      fc.constantFrom(...METHODS),
      text(TOKEN, 8, 1).filter((some) => some.toUpperCase() !== 'CONNECT'),
    ),
    target: text(TARGET, 40).map((some) => `/${some}`),
    host: fc.constantFrom('h', 'S3.Example:9000', '[::1]:80', 'bucket.s3.example'),
    some: lines,
    framing: fc.oneof(framed, unframed),
    expects: fc.boolean(),
    at: fc.nat({ max: 20 }),
  })
  .map(({ method, target, host, some, framing: [line, body], expects, at }) => {
    const expect = expects && body !== '' ? 'Expect: 100-continue\r\n' : '';
    const fixed = `${line}Host: ${host}\r\n${expect}`;
    return {
      method,
      head: message(`${method} ${target} HTTP/1.1`, some, fixed, at),
      body,
      expects: expect !== '',
    };
  });

function answerTo(method: string): fc.Arbitrary<Message> {
  return fc
    .record({
      status: fc.oneof(
        fc.constantFrom(200, 204, 206, 304, 403, 404, 503),
        fc.integer({ min: 200, max: 599 }),
      ),
      reason: text(VALUE, 12),
      some: lines,
      framing: framed,
      at: fc.nat({ max: 20 }),
    })
    .map(({ status, reason, some, framing: [line, body], at }) => {
      const bodiless = method === 'HEAD' || status === 204 || status === 304;
      return {
        head: message(`HTTP/1.1 ${status} ${reason}`, some, line, at),
        body: bodiless ? '' : body,
      };
    });
}

const interim = fc.array(
  fc.constantFrom('HTTP/1.1 102 \r\n\r\n', 'HTTP/1.1 103 Hints\r\nLink: <a>\r\nlink: <b>\r\n\r\n'),
  { maxLength: 2 },
);

const exchange: fc.Arbitrary<Exchanged> = request.chain(({ method, head, body, expects }) =>
  fc.record({
    request: fc.constant({ head, body }),
    interim,
    answer: answerTo(method),
    turns: fc.constantFrom<Turns>(
      ...(expects ? (['continued'] as const) : (['whole', 'in halves'] as const)),
    ),
  }),
);

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

function stepsOf({ request: { head, body }, interim: heads, answer, turns }: Exchanged): Step[] {
  const interims = heads.flatMap((some) => answers(some));
  const final = answers(answer.head, answer.body);
  if (turns === 'whole') return [...asks(head, body), ...interims, ...final];
  if (turns === 'continued') {
    const rest = [send('client', body), takesBody('origin', body)];
    return [...asks(head), ...interims, ...answers(CONTINUE), ...rest, ...final];
  }
  const middle = Math.floor(answer.body.length / 2);
  const [first, second] = [answer.body.slice(0, middle), answer.body.slice(middle)];
  return [
    send('client', head),
    send('client', body),
    ...takes('origin', body),
    ...interims,
    send('origin', answer.head + first),
    send('origin', second),
    ...takes('client', answer.body),
  ];
}

/** All requests at once, and their answers one after the other. */
function pipelined(some: readonly Exchanged[]): Step[] {
  const requests = some.map(({ request: { head, body } }) => head + body).join('');
  return [
    send('client', requests),
    ...some.flatMap(({ request: { body }, interim: heads, answer }) =>
      takes('origin', body).concat(
        heads.flatMap((head) => answers(head)),
        answers(answer.head, answer.body),
      ),
    ),
  ];
}

const talk = fc.record({
  exchanged: fc.array(exchange, { minLength: 1, maxLength: EXCHANGES_MAX, size: 'max' }),
  inOne: fc.boolean(),
  ends: fc.boolean(),
  packetBytes: fc.option(fc.integer({ min: 1, max: 3000 }), { nil: undefined }),
});

const INTERCEPTORS: Readonly<Record<string, () => Interception | undefined>> = {
  'as they are': () => undefined,
  captured: capture,
  'captured, held and collected': collect,
};

const LAST: readonly Step[] = [
  ...asks('GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'),
  // Collected, it goes on when it is whole: here, when the origin ends.
  send('origin', 'HTTP/1.1 200 OK\r\nA: b\r\n\r\nup to the end'),
  end('origin'),
  ...takes('client', 'up to the end'),
  over('client'),
];

function scriptOf(some: readonly Exchanged[], inOne: boolean, ends: boolean): readonly Step[] {
  const steps = inOne ? pipelined(some) : some.flatMap(stepsOf);
  return conversation(ends ? [...steps, ...LAST] : steps);
}

async function hold(
  way: Between,
  script: readonly Step[],
  packetBytes: number | undefined,
): Promise<string[]> {
  const client: Peer = await way.connect();
  try {
    return await converse(script, { client, origin: way.origin, packetBytes });
  } finally {
    client.socket.destroy();
    for (const peer of way.origin.peers) peer.forget();
  }
}

for (const [how, intercept] of Object.entries(INTERCEPTORS)) {
  test.serial(`whatever is valid passes ${how}`, async (t) => {
    t.timeout(300_000);
    t.log(`WIRE_SEED=${seed}`);
    const direct = await openDirect(t);
    const through = await openPassage(t, { intercept });
    const wanted = exchanges / Object.keys(INTERCEPTORS).length;
    const held = { exchanges: 0 };
    const property = fc.asyncProperty(talk, async ({ exchanged, inOne, ends, packetBytes }) => {
      const script = scriptOf(exchanged, inOne, ends);
      const alone = await hold(direct, script, undefined);
      const between = await hold(through, script, packetBytes);
      assertSame(t, script, { direct: alone, through: between });
      held.exchanges += exchanged.length;
    });
    for (let round = 0; held.exchanges < wanted; round += 1) {
      const parameters = {
        numRuns: TALKS_A_ROUND,
        seed: seed + round,
        includeErrorInReport: true,
        interruptAfterTimeLimit: SHRINKING_MAX_MS,
      };
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await fc.assert(property, parameters);
    }
    t.log(`${held.exchanges} exchanges`);
    t.true(held.exchanges >= wanted);
  });
}
