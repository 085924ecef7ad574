// The pure parts: back-off, breaker, pace, shares, identity, times, dialect, alignment, classification.

import test from 'ava';
import * as fc from 'fast-check';
import { SidecarError } from '../../src/errors.ts';
import type { Task } from '../../src/journal/types.ts';
import { backoffMs } from '../../src/replication/backoff.ts';
import type { BreakerState } from '../../src/replication/breaker.ts';
import { afterAnswer, afterProbe, afterSilence, closed } from '../../src/replication/breaker.ts';
import { ByteBudget } from '../../src/replication/byte-budget.ts';
import { Dialect, inDialect } from '../../src/replication/dialect.ts';
import { classify, sourceError } from '../../src/replication/failure.ts';
import { GoneWatch } from '../../src/replication/gone-watch.ts';
import { identityOf } from '../../src/replication/identity.ts';
import { inParallel } from '../../src/replication/in-parallel.ts';
import { LagWindow } from '../../src/replication/lag-window.ts';
import { adoptable } from '../../src/replication/look.ts';
import { partCount, readFacts } from '../../src/replication/object-facts.ts';
import { faster, slower, startPace } from '../../src/replication/pace.ts';
import { ownPartSizes } from '../../src/replication/part-sizes.ts';
import { settlement } from '../../src/replication/settle.ts';
import { liveShare } from '../../src/replication/shares.ts';
import { VersionTimes } from '../../src/replication/version-times.ts';
import type { VersionEntry } from '../../src/s3/calls.ts';
import { networkError, S3Error } from '../../src/s3/errors.ts';

const retry = { minMs: 1000, maxMs: 300_000 };

test('back-off is within its bounds, jittered over all of them, and grows', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1e6 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (n, random) => {
        const ms = backoffMs(n, retry, random);
        return ms >= retry.minMs && ms <= retry.maxMs;
      },
    ),
  );
  t.is(backoffMs(1, retry, 0), 1000);
  t.is(backoffMs(1, retry, 1), 2000);
  t.is(backoffMs(4, retry, 1), 16_000);
  t.is(backoffMs(100, retry, 1), 300_000);
});

test('a breaker opens at once where nobody is there, and on the third doubtful failure', (t) => {
  t.is(afterSilence(closed, 'unreached').kind, 'open');
  let state: BreakerState = closed;
  state = afterSilence(afterSilence(state, 'doubtful'), 'doubtful');
  t.is(state.kind, 'closed');
  t.is(afterSilence(afterAnswer(state), 'doubtful').kind, 'closed');
  state = afterSilence(state, 'doubtful');
  t.is(state.kind, 'open');
  t.is(afterAnswer(state).kind, 'open');
  t.is(afterProbe(state, false).kind, 'open');
  state = afterProbe(state, true);
  t.is(state.kind, 'half-open');
  t.is(afterSilence(state, 'doubtful').kind, 'open');
  t.is(afterAnswer(state).kind, 'closed');
});

test('the pace grows to its limit, halves, and never ends', (t) => {
  let pace = startPace(32);
  t.is(pace.limit, 8);
  for (let times = 0; times < 100; times += 1) pace = faster(pace);
  t.is(pace.limit, 32);
  t.is(slower(pace).limit, 16);
  for (let times = 0; times < 100; times += 1) pace = slower(pace);
  t.is(pace.limit, 1);
  t.is(startPace(2).limit, 2);
});

test('a quarter of the places is kept for the background', (t) => {
  t.is(liveShare({ room: 32, limit: 32, activeBackground: 0, turn: 1 }), 24);
  t.is(liveShare({ room: 8, limit: 32, activeBackground: 8, turn: 1 }), 8);
  t.is(liveShare({ room: 1, limit: 1, activeBackground: 0, turn: 1 }), 1);
  t.is(liveShare({ room: 1, limit: 1, activeBackground: 0, turn: 4 }), 0);
});

test('an id that is a UUID stays, null stays, and any other gives the same UUID each time', (t) => {
  const origin = { site: 'a', bucket: 'b', key: 'k' };
  const uuid = '123e4567-e89b-42d3-a456-426614174000';
  t.is(identityOf({ ...origin, versionId: uuid }), uuid);
  t.is(identityOf({ ...origin, versionId: 'null' }), 'null');
  const derived = identityOf({ ...origin, versionId: 'x7Kq' });
  t.is(identityOf({ ...origin, versionId: 'x7Kq' }), derived);
  t.regex(derived, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  t.not(identityOf({ ...origin, site: 'c', versionId: 'x7Kq' }), derived);
  // Borders between the parts count.
  t.not(
    identityOf({ site: 'a', bucket: 'bk', key: 'k', versionId: '1' }),
    identityOf({ site: 'a', bucket: 'b', key: 'kk', versionId: '1' }),
  );
});

test('of two versions in one second the later is raised by a millisecond', (t) => {
  const times = new VersionTimes();
  t.is(times.next('b', 'k', 5000), 5000);
  times.sent('b', 'k', 5000);
  t.is(times.next('b', 'k', 5000), 5001);
  times.sent('b', 'k', 5001);
  t.is(times.next('b', 'k', 5000), 5002);
  t.is(times.next('b', 'other', 5000), 5000);
  t.is(times.next('b', 'k', 6000), 6000);
  t.is(times.next('b', 'k', 2000), 2000);
});

test('a dialect is what the answers say', async (t) => {
  const contradictions: string[] = [];
  const auto = (): Dialect =>
    new Dialect('auto', (sent, answered) => contradictions.push(`${sent} ${answered}`));
  const minio = auto();
  minio.confirm('null', 'null');
  minio.confirm('null', undefined);
  t.is(minio.known, undefined);
  minio.confirm('id-1', 'id-1');
  t.is(minio.known, 'minio');
  t.false(minio.mayMint);
  minio.confirm('id-2', 'other');
  t.is(minio.known, 's3');
  t.deepEqual(contradictions, ['id-2 other']);
  const s3 = auto();
  s3.confirm('id-1', undefined);
  t.is(s3.known, 's3');
  const asked: string[] = [];
  const refusing = auto();
  const send = (dialect: string): Promise<string> => {
    asked.push(dialect);
    const refusal = { status: 400, code: 'InvalidArgument', message: '', call: 'PUT /b/k' };
    return dialect === 'minio' ? Promise.reject(new S3Error(refusal)) : Promise.resolve('sent');
  };
  t.is(await inDialect(refusing, send), 'sent');
  t.is(await inDialect(refusing, send), 'sent');
  t.deepEqual(asked, ['minio', 's3', 's3']);
  const fixed = new Dialect('minio', () => {});
  await t.throwsAsync(inDialect(fixed, send), { message: /InvalidArgument/ });
});

const entry = (versionId: string, etag: string, marker = false): VersionEntry => ({
  key: 'k',
  versionId,
  latest: false,
  marker,
  lastModified: 0,
  etag,
  size: 1,
});

test('alignment takes the oldest alike version above all that are mapped', (t) => {
  const newestFirst = [entry('5', 'a'), entry('4', 'b'), entry('3', 'a'), entry('2', 'a')];
  const wanted = { etag: 'a', size: 1 };
  t.is(adoptable(newestFirst, new Set(['2']), wanted)?.versionId, '3');
  t.is(adoptable(newestFirst, new Set(), wanted)?.versionId, '2');
  t.is(adoptable(newestFirst, new Set(['5']), wanted), undefined);
  t.is(adoptable(newestFirst, new Set(), { ...wanted, size: 2 }), undefined);
  t.is(adoptable([entry('1', 'a', true)], new Set(), wanted), undefined);
});

const answer = (status: number, code: string, retryAfterMs?: number): S3Error =>
  new S3Error({
    status,
    code,
    message: 'why',
    call: 'PUT /b/k',
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });

const kinds = (error: unknown): string => classify(error).kind;

test('each failure is judged for what it is', (t) => {
  const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  t.like(classify(networkError(refused, 'PUT /b/k')), { kind: 'silent', silence: 'unreached' });
  const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
  t.like(classify(networkError(reset, 'PUT /b/k')), { kind: 'silent', silence: 'doubtful' });
  t.like(classify(sourceError(networkError(reset, 'GET /b/k'))), { kind: 'source-silent' });
  for (const status of [502, 503, 504]) t.is(kinds(answer(status, `Status${status}`)), 'silent');
  t.is(kinds(answer(503, 'SlowDown')), 'throttled');
  t.is(kinds(answer(429, 'TooManyRequests')), 'throttled');
  t.like(classify(answer(503, 'ServiceUnavailable', 2000)), {
    kind: 'throttled',
    retryAfterMs: 2000,
  });
  t.like(classify(answer(500, 'InternalError')), { kind: 'object', eases: true });
  t.is(kinds(answer(200, 'InternalError')), 'object');
  t.is(kinds(answer(400, 'BadDigest')), 'object');
  for (const code of ['AccessDenied', 'NoSuchBucket', 'EntityTooLarge', 'InvalidRequest']) {
    t.is(kinds(answer(code === 'AccessDenied' ? 403 : 400, code)), 'person');
  }
  t.is(kinds(answer(501, 'NotImplemented')), 'person');
  t.is(kinds(sourceError(answer(403, 'AccessDenied'))), 'person');
  t.is(kinds(sourceError(answer(500, 'InternalError'))), 'object');
  t.is(kinds(new TypeError('undefined is not a function')), 'bug');
  t.is(kinds(new SidecarError('stop', { code: 'aborted', retryable: true })), 'aborted');
  t.true(classify(answer(400, 'x'.repeat(10_000))).reason.length <= 400);
});

test('what becomes of a failed task depends on whether anything was sent', (t) => {
  const change = { kind: 'object', bucket: 'b', key: 'k', versionId: 'v', acceptedAt: 0 } as const;
  const task: Task = {
    sequence: 1,
    target: 'site-b',
    class: 'live',
    change,
    state: 'waiting',
    attempts: 1,
    crashes: 1,
  };
  const now = { at: 1000, random: 0, retry, wrote: false, wasDown: true, isClosing: false };
  const silent = { kind: 'silent', silence: 'unreached', code: 'c', reason: 'r' } as const;
  t.is(settlement(task, silent, now), undefined);
  t.is(settlement(task, silent, { ...now, wrote: true })?.state, 'failed');
  t.is(settlement(task, silent, { ...now, wasDown: false })?.state, 'failed');
  const aborted = { kind: 'aborted', code: 'aborted', reason: 'r' } as const;
  t.is(settlement(task, aborted, { ...now, isClosing: true }), undefined);
  const interrupted = settlement(task, aborted, { ...now, wrote: true, isClosing: true });
  t.like(interrupted, { dueAt: 1000, orderly: true, failure: { code: 'interrupted' } });
  const slow = { kind: 'throttled', retryAfterMs: 9000, code: 'c', reason: 'r' } as const;
  t.is(settlement(task, slow, now)?.dueAt, 10_000);
  const person = { kind: 'person', isAnswer: true, code: 'c', reason: 'r' } as const;
  t.like(settlement(task, person, now), { state: 'parked', dueAt: 601_000 });
  t.like(settlement(task, { kind: 'bug', code: 'c', reason: 'r' }, now), { orderly: false });
});

test('a burst of what is gone is noticed, single losses are not', (t) => {
  const watch = new GoneWatch();
  const many = Array.from({ length: 99 }, () => watch.gone(0));
  t.false(many.includes(true));
  watch.present();
  t.false(watch.gone(0));
  for (let times = 0; times < 98; times += 1) watch.gone(10);
  t.true(watch.gone(20));
  t.false(watch.gone(20));
  for (let minute = 1; minute < 300; minute += 1) t.false(watch.gone(minute * 61_000));
});

test('bytes of the budget come back once', (t) => {
  const budget = new ByteBudget(10);
  const release = budget.take(8);
  t.is(budget.take(3), undefined);
  release?.();
  release?.();
  t.is(budget.taken, 0);
});

test('facts tell an MD5 from other ETags, and drop what is not the object’s', (t) => {
  const base = {
    etag: '"0123456789abcdef0123456789abcdef"',
    'last-modified': 'Thu, 01 Dec 2025 16:00:00 GMT',
    'content-length': '5',
  };
  t.is(readFacts(base, 0).md5, '0123456789abcdef0123456789abcdef');
  const encrypted = { ...base, 'x-amz-server-side-encryption': 'aws:kms' };
  t.is(readFacts(encrypted, 0).md5, undefined);
  const names = (headers: Record<string, string | string[]>, now = 0): string[] =>
    readFacts({ ...base, ...headers }, now).headers.map(({ name, value }) => `${name}: ${value}`);
  t.deepEqual(names({ 'content-encoding': 'aws-chunked,gzip' }), ['content-encoding: gzip']);
  t.deepEqual(names({ 'content-encoding': 'aws-chunked' }), []);
  t.deepEqual(names({ 'x-amz-storage-class': 'STANDARD' }), []);
  t.deepEqual(names({ 'x-amz-meta-a': ['1', '2'] }), ['x-amz-meta-a: 1', 'x-amz-meta-a: 2']);
  const lock = {
    'x-amz-object-lock-mode': 'GOVERNANCE',
    'x-amz-object-lock-retain-until-date': '2030-01-01T00:00:00Z',
  };
  t.is(names(lock).length, 2);
  t.is(names(lock, Date.parse('2031-01-01')).length, 0);
  t.throws(() => readFacts({ ...base, 'last-modified': 'nonsense' }, 0), { message: /nonsense/ });
  t.is(partCount('0123456789abcdef0123456789abcdef-12'), 12);
  t.is(partCount('0123456789abcdef0123456789abcdef'), undefined);
});

test('our own parts cover the object within S3’s limits', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5 * 1024 ** 4 }), (size) => {
      const sizes = ownPartSizes(size);
      const sum = sizes.reduce((total, part) => total + part, 0);
      return sum === size && sizes.length >= 1 && sizes.length <= 10_000;
    }),
    { numRuns: 50 },
  );
  t.pass();
});

test('the first failure stops the others, and all have ended when it is thrown', async (t) => {
  let running = 0;
  const seen: number[] = [];
  await t.throwsAsync(
    inParallel([1, 2, 3, 4, 5, 6], 2, new AbortController().signal, async (value, signal) => {
      running += 1;
      seen.push(value);
      try {
        await Promise.resolve();
        if (value === 2) throw new Error('the second');
        signal.throwIfAborted();
      } finally {
        running -= 1;
      }
    }),
    { message: 'the second' },
  );
  t.is(running, 0);
  t.true(seen.length < 6);
  const signal = new AbortController().signal;
  t.deepEqual(await inParallel([3, 1, 2], 2, signal, (n) => Promise.resolve(n * 2)), [6, 2, 4]);
});

test('percentiles are of the latest thousand', (t) => {
  const lags = new LagWindow();
  t.deepEqual(lags.lag(), { p50: undefined, p99: undefined });
  for (let index = 0; index < 5000; index += 1) lags.add(index < 4000 ? 1000 : index - 4000);
  t.deepEqual(lags.lag(), { p50: 500, p99: 990 });
});
