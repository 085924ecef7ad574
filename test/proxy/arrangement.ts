// The wire with the real interceptor and journal before an origin that records every byte.

import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import type { ExecutionContext } from 'ava';
import { openJournal } from '../../src/journal/open-journal.ts';
import type { OpenedJournal } from '../../src/journal/options.ts';
import type { Intent, Journal } from '../../src/journal/types.ts';
import { faultReply } from '../../src/proxy/answers.ts';
import { createInterceptor } from '../../src/proxy/interceptor.ts';
import { Settler } from '../../src/proxy/settler.ts';
import { Settling } from '../../src/proxy/settling.ts';
import { SourceFacts } from '../../src/proxy/source-facts.ts';
import { compileRules, parseRule } from '../../src/replication/rules.ts';
import { draftFor } from '../../src/replication/wants.ts';
import type { S3Client } from '../../src/s3/client.ts';
import { WireServer } from '../../src/wire/server.ts';
import { openFolder } from '../arrange.ts';

/** A journal whose commits stand still until the gate opens. */
export function stalled(journal: Journal, gate: Promise<void>, onStall: () => void): Journal {
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

export class Gate {
  open: () => void = () => undefined;
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });
}

export interface Origin {
  readonly port: number;
  received(): string;
}

/** Records every byte, and accepts what is a whole request by its blank line and the marks of its body's end. */
export async function openOrigin(t: ExecutionContext, end: string): Promise<Origin> {
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

export async function openTestJournal(t: ExecutionContext): Promise<OpenedJournal> {
  const journal = await openJournal({
    dataDir: await openFolder(t),
    site: 'here',
    targets: [{ name: 'b', endpoint: 'http://127.0.0.1:1' }],
    rules: [],
    limits: { ballastBytes: 4096 },
  });
  t.teardown(() => journal.close());
  return journal;
}

export interface WireParts {
  readonly journal: Journal;
  /** Where the bytes go. */
  readonly sourcePort: number;
  /** For what the sidecar itself asks. */
  readonly source: S3Client;
  readonly marked?: Intent[];
}

export function openWire(t: ExecutionContext, parts: WireParts): WireServer {
  const { journal, sourcePort, source, marked = [] } = parts;
  const parsed = parseRule('all', 'bucket -> b replicate=delete,delete-marker');
  if (!('rule' in parsed)) throw new Error('the rule is wrong');
  const rules = compileRules([parsed.rule]);
  const log = { info: () => undefined, warn: () => undefined };
  const draftOf = (change: Parameters<typeof draftFor>[1]): ReturnType<typeof draftFor> =>
    draftFor(rules, change);
  const settler = new Settler({
    journal,
    source,
    draftOf,
    markBucket: (intent) => Promise.resolve(void marked.push(intent)),
    log,
  });
  settler.start();
  t.teardown(() => settler.close());
  const wire = new WireServer({
    listen: { host: '127.0.0.1', port: 0 },
    source: { host: '127.0.0.1', port: sourcePort },
    intercept: createInterceptor({
      journal,
      settler,
      source,
      settling: new Settling(),
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
