// A running admin listener over a scripted source, and requests to it.

import { request } from 'node:http';
import type { ExecutionContext } from 'ava';
import { Metrics } from '../../src/admin/metrics.ts';
import { AdminServer } from '../../src/admin/server.ts';
import type { AdminSource, StatusReport, TargetReport } from '../../src/admin/types.ts';

export const targetReport: TargetReport = {
  name: 'site-b',
  endpoint: 'http://b:9000',
  dialect: 's3',
  state: 'up',
  configured: true,
  sync: false,
  pending: 3,
  failed: 2,
  parked: 1,
  oldestSeconds: 7,
  completed: 11,
  completedBytes: 2048,
  lagSeconds: { p50: 0.01, p99: 0.2 },
  lastError: null,
  lastErrorAt: null,
};

export const statusReport: StatusReport = {
  version: '0.1.0',
  site: 'default',
  uptimeSeconds: 65,
  intentsOpen: 4,
  journal: { state: 'ok', reason: null, sizeBytes: 1024, freeBytes: 1_048_576 },
  targets: [targetReport],
  rules: [
    {
      name: 'photos',
      bucket: 'photos',
      prefix: '',
      target: 'site-b',
      targetBucket: null,
      priority: 0,
      replicate: ['delete'],
      enabled: true,
      origin: 'env',
    },
  ],
  resyncs: [],
  scan: { state: 'off' },
};

export const quietSource: AdminSource = {
  status: () => Promise.resolve(statusReport),
  ready: () => ({ ready: true, reasons: [], warnings: [] }),
  failures: () => Promise.resolve({ failures: [], next: null }),
  retry: () => Promise.resolve(0),
  pause: () => Promise.resolve(),
  resume: () => Promise.resolve(),
  discard: () => Promise.resolve(0),
};

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface RunningAdmin {
  readonly url: string;
  readonly server: AdminServer;
  readonly metrics: Metrics;
  /** What was told to `onError`. */
  readonly errors: unknown[];
  readonly ask: (path: string, asked?: Asked) => Promise<Answered>;
}

export async function startAdmin(
  t: ExecutionContext,
  source: Partial<AdminSource> = {},
  token?: string,
): Promise<RunningAdmin> {
  const metrics = new Metrics();
  const errors: unknown[] = [];
  const server = new AdminServer({
    source: { ...quietSource, ...source },
    metrics,
    ...(token === undefined ? {} : { token }),
    onError: (error) => errors.push(error),
  });
  t.teardown(() => server.close());
  const { port } = await server.listen('127.0.0.1', 0);
  const url = `http://127.0.0.1:${port}`;
  return { url, server, metrics, errors, ask: (path, asked) => ask(url, path, asked) };
}

function ask(url: string, path: string, asked: Asked = {}): Promise<Answered> {
  const { method = 'GET', headers = {}, body } = asked;
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const outgoing = request(`${url}${path}`, { method, headers: { ...type, ...headers } });
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: text });
      });
    });
    outgoing.end(body);
  });
}
