// The commands that talk to a running sidecar, against a real admin listener.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import type { AdminSource, FailureReport, StatusReport } from '../../src/admin/types.ts';
import { SidecarError } from '../../src/errors.ts';
import { startAdmin, statusReport, targetReport } from '../admin/admin-server.ts';
import { runRecorded, type Surroundings } from './terminal.ts';

async function arrange(t: ExecutionContext, source: Partial<AdminSource> = {}, token?: string) {
  const { url } = await startAdmin(t, source, token);
  const env = { REPLICAR_ADMIN_URL: url };
  const run = (words: readonly string[], more: Surroundings = {}) =>
    runRecorded(words, { ...more, env: { ...env, ...more.env } });
  return { run, env };
}

function failure(key: string): FailureReport {
  return {
    target: 'site-b',
    state: 'parked',
    kind: 'object',
    bucket: 'photos',
    key,
    versionId: 'null',
    attempts: 3,
    code: 'AccessDenied',
    reason: 'the target refuses the key',
    failedAt: '2026-01-01T00:00:00.000Z',
    nextAttemptAt: '2026-01-01T00:10:00.000Z',
  };
}

test('status draws the targets as aligned columns', async (t) => {
  const { run } = await arrange(t);
  const { code, output, errors } = await run(['status']);
  t.is(code, 0);
  t.is(errors, '');
  t.is(
    output,
    [
      'replicar 0.1.0, site default, up 1m 5s',
      'journal ok, 1.0 KiB used, 1.0 MiB free; 4 intents open',
      '',
      'TARGET  STATE  PENDING  FAILED  PARKED  OLDEST  COMPLETED     SENT  LAG P50/P99  ENDPOINT',
      'site-b  up           3       2       1      7s         11  2.0 KiB   10ms/200ms  http://b:9000 s3 async',
      '',
    ].join('\n'),
  );
});

test('status tells last errors, removed targets, wanted resyncs and an ill journal', async (t) => {
  const report: StatusReport = {
    ...statusReport,
    journal: { ...statusReport.journal, state: 'full', reason: '1 MiB free' },
    targets: [
      {
        ...targetReport,
        state: 'down',
        lastError: 'refused \u001b[31m',
        lastErrorAt: new Date().toISOString(),
      },
      { ...targetReport, name: 'old', endpoint: '', configured: false, state: 'paused' },
    ],
    resyncs: [
      { bucket: 'b', target: 'site-b', state: 'wanted', reason: 'body too long', since: '' },
    ],
  };
  const { run } = await arrange(t, { status: () => Promise.resolve(report) });
  const { output } = await run(['status']);
  t.regex(output, /journal full \(1 MiB free\)/);
  t.regex(output, /^site-b {2}down/m);
  t.regex(output, /^old {5}removed/m);
  t.regex(output, /LAST ERRORS\n {2}site-b {2}(?:0ms|\ds) ago {2}refused \\u\{1b\}\[31m/);
  t.regex(output, /WANTED RESYNCS\n {2}b {2}site-b {2}body too long/);
});

test('colours come on a terminal, and not with NO_COLOR', async (t) => {
  const { run } = await arrange(t);
  t.true((await run(['status'], { isTTY: true })).output.includes('\u001b[32mup\u001b[39m'));
  const plain = await run(['status'], { isTTY: true, env: { NO_COLOR: '1' } });
  t.false(plain.output.includes('\u001b'));
  t.false((await run(['status'])).output.includes('\u001b'));
});

test('status --json prints the report', async (t) => {
  const { run } = await arrange(t);
  t.deepEqual(JSON.parse((await run(['status', '--json'])).output), statusReport);
});

test('status --watch draws until it is stopped, and that is no failure', async (t) => {
  const stop = new AbortController();
  const { run } = await arrange(t);
  const { code, output } = await run(['status', '--watch'], {
    isTTY: true,
    signal: stop.signal,
    onWrite: () => stop.abort(),
  });
  t.is(code, 0);
  t.true(output.startsWith('\u001b[H\u001b[2J'));
});

test('failures lists all pages under one head', async (t) => {
  const queries: unknown[] = [];
  const { run } = await arrange(t, {
    failures: (query) => {
      queries.push(query);
      return Promise.resolve(
        query.after === undefined
          ? { failures: [failure('a')], next: 'more' }
          : { failures: [failure('b\n')], next: null },
      );
    },
  });
  const { code, output } = await run(['failures', '--target', 'site-b']);
  t.is(code, 0);
  const lines = output.trimEnd().split('\n');
  t.is(lines.length, 3);
  t.regex(lines[0] ?? '', /^TARGET +STATE +KIND +ATTEMPTS +NEXT ATTEMPT +VERSION +OBJECT +REASON$/);
  t.regex(lines[1] ?? '', /photos\/a +AccessDenied: the target refuses the key$/);
  t.regex(lines[2] ?? '', /photos\/b\\u\{a\} /);
  t.deepEqual(queries, [
    { target: 'site-b', after: undefined, limit: 500 },
    { target: 'site-b', after: 'more', limit: 500 },
  ]);
});

test('failures --json is one array, empty or not', async (t) => {
  const none = await arrange(t);
  t.deepEqual(JSON.parse((await none.run(['failures', '--json'])).output), []);
  t.is((await none.run(['failures'])).output, 'nothing is failed or parked\n');
  const page = { failures: [failure('a'), failure('b')], next: null };
  const some = await arrange(t, { failures: () => Promise.resolve(page) });
  const { output } = await some.run(['failures', '--json']);
  t.deepEqual(JSON.parse(output), page.failures);
});

test('retry, pause, resume and discard say what they did', async (t) => {
  const calls: unknown[] = [];
  const { run } = await arrange(t, {
    retry: (wanted) => {
      calls.push(wanted);
      return Promise.resolve(calls.length - 1);
    },
    pause: async (target) => void calls.push(['pause', target]),
    resume: async (target) => void calls.push(['resume', target]),
    discard: (target) => Promise.resolve(calls.push(['discard', target])),
  });
  t.is((await run(['retry'])).output, 'nothing waits after a failure\n');
  t.is((await run(['retry', 'photos/2026/a.jpg'])).output, '1 key is tried now\n');
  t.is((await run(['retry', '--target', 'site-b', 'b//k'])).output, '2 keys are tried now\n');
  t.is((await run(['pause', 'site-b'])).output, 'site-b is paused: its queue is kept\n');
  t.is((await run(['resume', 'site-b'])).output, 'site-b is sent to again\n');
  t.is((await run(['discard', 'old'])).output, '6 tasks for old dropped\n');
  t.deepEqual(calls, [
    { target: undefined, object: undefined },
    { target: undefined, object: { bucket: 'photos', key: '2026/a.jpg' } },
    { target: 'site-b', object: { bucket: 'b', key: '/k' } },
    ['pause', 'site-b'],
    ['resume', 'site-b'],
    ['discard', 'old'],
  ]);
});

test("the sidecar's refusal is told with its hint, and is exit code 1", async (t) => {
  const { run } = await arrange(t, {
    pause: () =>
      Promise.reject(
        new SidecarError('there is no target "x" here', {
          code: 'unknown-target',
          retryable: false,
          hint: 'there is: site-b',
        }),
      ),
  });
  const { code, output, errors } = await run(['pause', 'x']);
  t.is(code, 1);
  t.is(output, '');
  t.is(errors, 'replicar: there is no target "x" here\n  there is: site-b\n');
});

test('a missing or wrong token is told with the variable to set', async (t) => {
  const { run } = await arrange(t, {}, 'sesame');
  const without = await run(['status']);
  t.is(without.code, 1);
  t.regex(without.errors, /a bearer token is needed\n {2}set REPLICAR_ADMIN_TOKEN/);
  const wrong = await run(['status'], { env: { REPLICAR_ADMIN_TOKEN: 'CANARY' } });
  t.is(wrong.code, 1);
  t.regex(wrong.errors, /not the right one/);
  t.notRegex(wrong.errors, /CANARY/);
  t.is((await run(['status'], { env: { REPLICAR_ADMIN_TOKEN: 'sesame' } })).code, 0);
});

test('a sidecar that is not there is told with the address and the way out', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = urlOf(server.address());
  await new Promise((resolve) => server.close(resolve));
  const { code, errors } = await runRecorded(['status'], { env: { REPLICAR_ADMIN_URL: url } });
  t.is(code, 1);
  t.is(
    errors,
    `replicar: no sidecar answers at ${url} (ECONNREFUSED)\n` +
      '  is "replicar serve" running? REPLICAR_ADMIN_URL must lead to its admin listener\n',
  );
});

test('another server at the address is recognised', async (t) => {
  let body = '<html>';
  const server = createServer((_request, response) => response.end(body));
  t.teardown(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const env = { REPLICAR_ADMIN_URL: urlOf(server.address()) };
  const foreign = await runRecorded(['status'], { env });
  t.is(foreign.code, 1);
  t.regex(foreign.errors, /is no admin listener/);
  body = '{"hello":"world"}';
  const stranger = await runRecorded(['status'], { env });
  t.is(stranger.code, 1);
  t.regex(stranger.errors, /holds no status/);
});

test('a faulty admin address is a fault of the configuration', async (t) => {
  const env = { REPLICAR_ADMIN_URL: 'localhost', REPLICAR_ADMIN_TOKEN: 'a b' };
  const { code, errors } = await runRecorded(['status'], { env });
  t.is(code, 2);
  t.is(errors.trimEnd().split('\n').length, 2);
  t.notRegex(errors, /a b/);
});

function urlOf(address: string | AddressInfo | null): string {
  return typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : '';
}
