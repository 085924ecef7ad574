// The admin listener over HTTP: what it answers, to whom, and what it refuses.

import { connect } from 'node:net';
import test from 'ava';
import type { FailuresQuery, RetryRequest } from '../../src/admin/types.ts';
import { SidecarError } from '../../src/errors.ts';
import { startAdmin, statusReport } from './admin-server.ts';

test('liveness is answered without a token', async (t) => {
  const { ask } = await startAdmin(t, {}, 'sesame');
  t.is((await ask('/healthz/live')).status, 200);
});

test('readiness says why there is none, with 503', async (t) => {
  const report = { ready: false, reasons: ['the source has not answered yet'], warnings: ['x'] };
  const { ask } = await startAdmin(t, { ready: () => report }, 'sesame');
  const answer = await ask('/healthz/ready');
  t.is(answer.status, 503);
  t.deepEqual(JSON.parse(answer.body), report);
});

test('the status is the report of the source', async (t) => {
  const { ask } = await startAdmin(t);
  const answer = await ask('/api/status');
  t.is(answer.status, 200);
  t.is(answer.headers['cache-control'], 'no-store');
  t.deepEqual(JSON.parse(answer.body), statusReport);
});

test('the API asks for the token, and takes the right one only', async (t) => {
  const { ask } = await startAdmin(t, {}, 'sesame');
  const without = await ask('/api/status');
  t.is(without.status, 401);
  t.is(without.headers['www-authenticate'], 'Bearer realm="replicar"');
  t.like(JSON.parse(without.body), { error: 'unauthorized' });
  for (const authorization of ['Bearer wrong', 'Bearer sesame2', 'Basic sesame', 'sesame']) {
    // oxlint-disable-next-line no-await-in-loop -- a few requests, one after the other
    t.is((await ask('/api/status', { headers: { authorization } })).status, 401, authorization);
  }
  t.is((await ask('/api/status', { headers: { authorization: 'Bearer sesame' } })).status, 200);
  const command = { method: 'POST', body: '{"target":"site-b"}' };
  t.is((await ask('/api/pause', command)).status, 401);
});

test('without a token a foreign host name is refused, so that no web page reaches the API', async (t) => {
  const { ask } = await startAdmin(t);
  const answer = await ask('/api/status', { headers: { host: 'evil.example:9090' } });
  t.is(answer.status, 403);
  t.is((await ask('/api/status', { headers: { host: 'localhost:9090' } })).status, 200);
});

test('commands reach the source with what they name', async (t) => {
  const calls: unknown[] = [];
  const { ask } = await startAdmin(t, {
    retry: (wanted: RetryRequest) => Promise.resolve(calls.push(['retry', wanted])),
    pause: async (target) => void calls.push(['pause', target]),
    resume: async (target) => void calls.push(['resume', target]),
    discard: (target) => Promise.resolve(calls.push(['discard', target])),
  });
  const post = async (path: string, body: string) => {
    const answer = await ask(path, { method: 'POST', body });
    return [answer.status, JSON.parse(answer.body)];
  };
  t.deepEqual(await post('/api/retry', ''), [200, { woken: 1 }]);
  t.deepEqual(await post('/api/retry', '{"target":"b","bucket":"x","key":"a/b"}'), [
    200,
    { woken: 2 },
  ]);
  t.deepEqual(await post('/api/pause', '{"target":"b"}'), [200, { paused: true }]);
  t.deepEqual(await post('/api/resume', '{"target":"b"}'), [200, { paused: false }]);
  t.deepEqual(await post('/api/discard', '{"target":"b"}'), [200, { discarded: 5 }]);
  t.deepEqual(calls, [
    ['retry', { target: undefined, object: undefined }],
    ['retry', { target: 'b', object: { bucket: 'x', key: 'a/b' } }],
    ['pause', 'b'],
    ['resume', 'b'],
    ['discard', 'b'],
  ]);
});

test('failures are asked for by target, page and number', async (t) => {
  const queries: FailuresQuery[] = [];
  const { ask } = await startAdmin(t, {
    failures: (query) => {
      queries.push(query);
      return Promise.resolve({ failures: [], next: 'n' });
    },
  });
  t.deepEqual(JSON.parse((await ask('/api/failures')).body), { failures: [], next: 'n' });
  await ask('/api/failures?target=site-b&after=n%2B&limit=5');
  t.deepEqual(queries, [
    { target: undefined, after: undefined, limit: 100 },
    { target: 'site-b', after: 'n+', limit: 5 },
  ]);
  t.is((await ask('/api/failures?limit=0')).status, 400);
  t.is((await ask('/api/failures?limit=1001')).status, 400);
});

test('a body that is not a small JSON object is refused', async (t) => {
  const { ask } = await startAdmin(t);
  const post = async (body: string, headers = {}) =>
    (await ask('/api/pause', { method: 'POST', body, headers })).status;
  t.is(await post('{'), 400);
  t.is(await post('[]'), 400);
  t.is(await post('{}'), 400);
  t.is(await post('{"target":1}'), 400);
  t.is(await post('{"target":"b"}', { 'content-type': 'text/plain' }), 415);
  t.is(await post(JSON.stringify({ target: 'b'.repeat(20_000) })), 413);
  t.is(await post(JSON.stringify({ target: 'b'.repeat(2_000_000) })), 413);
  const retry = await ask('/api/retry', { method: 'POST', body: '{"bucket":"x"}' });
  t.is(retry.status, 400);
});

test('unknown paths are 404, wrong methods 405 with what is allowed, both as JSON', async (t) => {
  const { ask } = await startAdmin(t);
  for (const path of ['/nowhere', '/api', '/api/status/', '/constructor', '//']) {
    // oxlint-disable-next-line no-await-in-loop -- a few requests, one after the other
    const answer = await ask(path);
    t.is(answer.status, 404, path);
    t.like(JSON.parse(answer.body), { error: 'not-found' });
  }
  const wrong = await ask('/api/pause');
  t.is(wrong.status, 405);
  t.is(wrong.headers['allow'], 'POST');
  const deletion = await ask('/metrics', { method: 'DELETE' });
  t.is(deletion.status, 405);
  t.is(deletion.headers['allow'], 'GET, HEAD');
});

test('HEAD is answered like GET, without the body', async (t) => {
  const { ask } = await startAdmin(t);
  const answer = await ask('/healthz/live', { method: 'HEAD' });
  t.is(answer.status, 200);
  t.is(answer.body, '');
});

test('an error that the caller can mend keeps its word, any other one is hidden and logged', async (t) => {
  const { ask, errors } = await startAdmin(t, {
    pause: () =>
      Promise.reject(
        new SidecarError('there is no target "x" here', {
          code: 'unknown-target',
          retryable: false,
          hint: 'there is: b',
        }),
      ),
    resume: () => Promise.reject(new Error('CANARY in a stack')),
  });
  const mendable = await ask('/api/pause', { method: 'POST', body: '{"target":"x"}' });
  t.is(mendable.status, 404);
  t.deepEqual(JSON.parse(mendable.body), {
    error: 'unknown-target',
    message: 'there is no target "x" here',
    hint: 'there is: b',
  });
  const hidden = await ask('/api/resume', { method: 'POST', body: '{"target":"x"}' });
  t.is(hidden.status, 500);
  t.false(hidden.body.includes('CANARY'));
  t.is(errors.length, 1);
});

test('metrics carry the names of the contract, gauges from the status', async (t) => {
  const { ask, metrics } = await startAdmin(t, {}, 'sesame');
  metrics.requestEnded('PutObject', 200, 0.004);
  metrics.requestEnded('PutObject', 0, 0.004);
  metrics.replicated('site-b', 'object', 2048, 0.02);
  metrics.attemptFailed('site-b', 'target-down');
  metrics.journalCommitted(0.0003);
  metrics.virtualHostPassed();
  const answer = await ask('/metrics');
  t.is(answer.status, 200);
  t.regex(String(answer.headers['content-type']), /^text\/plain/);
  const lines = new Set(answer.body.split('\n'));
  for (const line of [
    'replicar_requests_total{operation="PutObject",code="200"} 1',
    'replicar_requests_total{operation="PutObject",code="none"} 1',
    'replicar_request_duration_seconds_count{operation="PutObject"} 2',
    'replicar_replicated_total{target="site-b",kind="object"} 1',
    'replicar_replicated_bytes_total{target="site-b"} 2048',
    'replicar_replication_lag_seconds_count{target="site-b"} 1',
    'replicar_attempts_failed_total{target="site-b",reason="target-down"} 1',
    'replicar_journal_commit_seconds_count 1',
    'replicar_virtual_host_passed_total 1',
    'replicar_intents_open 4',
    'replicar_journal_size_bytes 1024',
    'replicar_tasks{target="site-b",state="pending"} 3',
    'replicar_tasks{target="site-b",state="failed"} 2',
    'replicar_tasks{target="site-b",state="parked"} 1',
    'replicar_oldest_task_seconds{target="site-b"} 7',
    'replicar_target_up{target="site-b"} 1',
  ]) {
    t.true(lines.has(line), line);
  }
  t.regex(answer.body, /^replicar_process_resident_memory_bytes \d+/m);
});

test('gauges follow the status, and are left out where it cannot be had', async (t) => {
  let targets = statusReport.targets;
  let fails = false;
  const { ask, errors } = await startAdmin(t, {
    status: () =>
      fails ? Promise.reject(new Error('broken')) : Promise.resolve({ ...statusReport, targets }),
  });
  t.regex((await ask('/metrics')).body, /^replicar_tasks\{/m);
  targets = [];
  t.notRegex((await ask('/metrics')).body, /^replicar_tasks\{/m);
  fails = true;
  const broken = await ask('/metrics');
  t.is(broken.status, 200);
  t.notRegex(broken.body, /^replicar_intents_open/m);
  t.is(errors.length, 1);
});

test('the dashboard asks for nothing from elsewhere and holds no data', async (t) => {
  const { ask } = await startAdmin(t, {}, 'sesame');
  const answer = await ask('/');
  t.is(answer.status, 200);
  t.regex(String(answer.headers['content-type']), /^text\/html/);
  t.regex(
    String(answer.headers['content-security-policy']),
    /^default-src 'none'; script-src 'sha256-/,
  );
  t.notRegex(answer.body, /https?:\/\/|innerHTML|site-b/);
});

test('a half-sent request is ended when the listener closes', async (t) => {
  const { url, server } = await startAdmin(t);
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const ended = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => undefined);
  await new Promise((resolve) =>
    socket.write('POST /api/retry HTTP/1.1\r\nHost: localhost\r\n', resolve),
  );
  await Promise.all([server.close(), server.close(), ended]);
  t.pass();
});

test('a client that leaves in the middle of its body is no error, and its command is not done', async (t) => {
  const calls: unknown[] = [];
  const { url, errors, ask } = await startAdmin(t, {
    pause: async (target) => void calls.push(target),
  });
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  const head =
    'POST /api/pause HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
    'Content-Length: 20\r\nExpect: 100-continue\r\n\r\n';
  socket.write(head);
  // The 100 tells that the request has got to the reading of its body.
  await new Promise((resolve) => socket.once('data', resolve));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.end('{"target":');
  socket.resume();
  await closed;
  t.is((await ask('/healthz/live')).status, 200);
  t.deepEqual(errors, []);
  t.deepEqual(calls, []);
});

test('garbage instead of HTTP gets 400 and a closed connection', async (t) => {
  const { url } = await startAdmin(t);
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  t.teardown(() => socket.destroy());
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.write('garbage\r\n\r\n');
  await new Promise((resolve) => socket.once('close', resolve));
  t.regex(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 400 /);
});

test('a port that is taken is told to the caller', async (t) => {
  const first = await startAdmin(t);
  const second = await startAdmin(t);
  const port = Number(new URL(first.url).port);
  await second.server.close();
  await t.throwsAsync(second.server.listen('127.0.0.1', port), { code: 'EADDRINUSE' });
});
