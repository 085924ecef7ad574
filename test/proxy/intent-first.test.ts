import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { openJournal } from '../../src/journal/open-journal.ts';
import type { Journal } from '../../src/journal/types.ts';
import { faultReply } from '../../src/proxy/answers.ts';
import { createInterceptor } from '../../src/proxy/interceptor.ts';
import { Settler } from '../../src/proxy/settler.ts';
import { SourceFacts } from '../../src/proxy/source-facts.ts';
import { compileRules, parseRule } from '../../src/replication/rules.ts';
import { draftFor } from '../../src/replication/wants.ts';
import { WireServer } from '../../src/wire/server.ts';
import { eventually, openClient, openFolder } from '../arrange.ts';

/** A journal whose commits stand still until the gate opens. */
function stalled(journal: Journal, gate: Promise<void>, onStall: () => void): Journal {
  return new Proxy(journal, {
    get(real, name: keyof Journal) {
      if (name === 'openIntent') {
        return async (draft: Parameters<Journal['openIntent']>[0]) => {
          onStall();
          await gate;
          return await real.openIntent(draft);
        };
      }
      const member: unknown = Reflect.get(real, name);
      return typeof member === 'function' ? member.bind(real) : member;
    },
  });
}

class Gate {
  open: () => void = () => undefined;
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });
}

interface Origin {
  readonly port: number;
  received(): string;
}

/** Records every byte, and accepts what is a whole request by its blank line and the marks of its body's end. */
async function openOrigin(t: ExecutionContext, end: string): Promise<Origin> {
  let text = '';
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', (piece) => {
      text += piece.toString('latin1');
      if (text.endsWith(end)) {
        socket.write(
          'HTTP/1.1 200 OK\r\nx-amz-delete-marker: true\r\nx-amz-version-id: v1\r\nETag: "e"\r\nContent-Length: 0\r\n\r\n',
        );
      }
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    received: () => text,
  };
}

const chunk = `5;chunk-signature=${'a'.repeat(64)}\r\nhello\r\n0;chunk-signature=${'b'.repeat(64)}\r\n\r\n`;
const trailer = '5\r\nhello\r\n0\r\nx-amz-checksum-crc32c:AAAAAA==\r\n\r\n';
const framings: readonly [name: string, request: string, end: string][] = [
  [
    'a body with a length',
    'PUT /bucket/k HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello',
    'hello',
  ],
  [
    'a chunked body',
    'PUT /bucket/k HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    '0\r\n\r\n',
  ],
  [
    'a signed aws-chunked body',
    `PUT /bucket/k HTTP/1.1\r\nHost: h\r\nx-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD\r\nContent-Encoding: aws-chunked\r\nx-amz-decoded-content-length: 5\r\nContent-Length: ${chunk.length}\r\n\r\n${chunk}`,
    chunk,
  ],
  [
    'an unsigned aws-chunked body with a trailer',
    `PUT /bucket/k HTTP/1.1\r\nHost: h\r\nx-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\nContent-Encoding: aws-chunked\r\nx-amz-decoded-content-length: 5\r\nx-amz-trailer: x-amz-checksum-crc32c\r\nContent-Length: ${trailer.length}\r\n\r\n${trailer}`,
    trailer,
  ],
  [
    'a body of no bytes',
    'PUT /bucket/k HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n',
    '\r\n\r\n',
  ],
  ['a request without a body', 'DELETE /bucket/k HTTP/1.1\r\nHost: h\r\n\r\n', '\r\n\r\n'],
];

for (const [name, request, end] of framings) {
  test(`no byte of ${name} is at the source before its intent is on disk`, async (t) => {
    const origin = await openOrigin(t, end);
    const journal = await openJournal({
      dataDir: await openFolder(t),
      site: 'here',
      targets: [{ name: 'b', endpoint: 'http://127.0.0.1:1' }],
      rules: [],
    });
    t.teardown(() => journal.close());
    const gate = new Gate();
    let stalls = 0;
    const wire = openWire(
      t,
      origin.port,
      stalled(journal, gate.opened, () => {
        stalls += 1;
      }),
    );
    const { port } = await wire.start();
    const client = connect(port, '127.0.0.1');
    t.teardown(() => client.destroy());
    let answer = '';
    client.on('data', (piece) => {
      answer += piece.toString('latin1');
    });
    client.write(Buffer.from(request, 'latin1'));
    await eventually('the commit stands still', () => stalls === 1);
    // What were to come wrongly would come now: one full round through the event loops of all parties.
    await new Promise((resolve) => setTimeout(resolve, 100));
    t.is(origin.received(), '');
    gate.open();
    await eventually('the answer', () => answer.includes('\r\n\r\n'));
    t.is(origin.received(), request);
    t.regex(answer, /^HTTP\/1\.1 200 /);
    await eventually('the intent is settled', () => journal.intentsOpen() === 0);
  });
}

function openWire(t: ExecutionContext, sourcePort: number, journal: Journal): WireServer {
  const parsed = parseRule('all', 'bucket -> b replicate=delete,delete-marker');
  if (!('rule' in parsed)) throw new Error('the rule is wrong');
  const rules = compileRules([parsed.rule]);
  const source = openClient(t, `http://127.0.0.1:${sourcePort}`);
  const log = { info: () => undefined, warn: () => undefined };
  const draftOf = (change: Parameters<typeof draftFor>[1]): ReturnType<typeof draftFor> =>
    draftFor(rules, change);
  const settler = new Settler({
    journal,
    source,
    draftOf,
    markBucket: () => Promise.resolve(),
    log,
  });
  const wire = new WireServer({
    listen: { host: '127.0.0.1', port: 0 },
    source: { host: '127.0.0.1', port: sourcePort },
    intercept: createInterceptor({
      journal,
      settler,
      source,
      sourceFacts: new SourceFacts(() => Promise.resolve('Enabled')),
      rules,
      draftOf,
      isSync: () => false,
      waitFor: () => Promise.resolve(),
      log,
      now: Date.now,
      domains: [],
      targets: new Set(['b']),
      onEnd: () => undefined,
      onStrangeHost: () => undefined,
    }),
    refuse: faultReply,
  });
  t.teardown(() => wire.close(0));
  return wire;
}
