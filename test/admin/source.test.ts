// The admin source over a journal: counts, leftovers of targets that are gone, paging over targets.

import test from 'ava';
import type { TargetRuntime } from '../../src/admin/report.ts';
import { type AdminSourceParts, createAdminSource } from '../../src/admin/source.ts';
import type { AdminJournal } from '../../src/admin/types.ts';
import type { FailedTask, TargetCounts } from '../../src/journal/types.ts';

const runtime: TargetRuntime = {
  name: 'site-b',
  endpoint: 'http://b:9000',
  dialect: 's3',
  state: 'up',
  sync: true,
  completed: 5,
  completedBytes: 500,
  lagSeconds: { p50: 0.1, p99: 0.2 },
  lastError: 'AccessDenied',
  lastErrorAt: 1000,
};

const noTasks: TargetCounts = { pending: 0, failed: 0, parked: 0, oldestAt: undefined };

function failedTask(target: string, sequence: number): FailedTask {
  return {
    sequence,
    target,
    class: 'live',
    change: { kind: 'object', bucket: 'b', key: `k${sequence}`, versionId: 'v', acceptedAt: 0 },
    state: 'parked',
    attempts: 2,
    crashes: 0,
    failure: { code: 'AccessDenied', reason: 'the target refuses the key', at: 2000 },
    dueAt: 5000,
  };
}

/** A source over a journal that holds these failures (by target) and these counts. */
function source(
  failures: Readonly<Record<string, readonly FailedTask[]>> = {},
  change: Partial<AdminSourceParts> & { used?: Partial<AdminJournal> } = {},
) {
  const calls: unknown[] = [];
  const used: AdminJournal = {
    counts: (target) => {
      const pending = failures[target]?.length ?? 0;
      return pending === 0 ? noTasks : { pending, failed: pending, parked: 1, oldestAt: 4000 };
    },
    knownTargets: () => Object.keys(failures),
    intentsOpen: () => 2,
    health: () => ({ state: 'full', reason: '12 MiB free', sizeBytes: 7, freeBytes: 8 }),
    marks: () =>
      Promise.resolve([{ bucket: 'b', target: 'site-b', reason: 'body too long', at: 0 }]),
    failures: (target, { after, limit }) => {
      const from = after === undefined ? 0 : Number(after);
      const tasks = (failures[target] ?? []).slice(from, from + limit);
      const end = from + tasks.length;
      const more = end < (failures[target]?.length ?? 0);
      return Promise.resolve(more ? { tasks, next: String(end) } : { tasks });
    },
    discard: (target) => Promise.resolve(calls.push(['discard', target])),
    ...change.used,
  };
  const admin = createAdminSource({
    journal: used,
    targets: () => [runtime],
    pause: async (target) => void calls.push(['pause', target]),
    resume: async (target) => void calls.push(['resume', target]),
    retry: (target, object) => Promise.resolve(calls.push(['retry', target, object])),
    rules: [
      {
        name: 'r',
        bucket: 'b',
        prefix: 'p/',
        target: 'site-b',
        targetBucket: undefined,
        priority: 1,
        replicate: new Set(['delete-marker', 'delete'] as const),
        enabled: true,
        origin: 'env',
      },
    ],
    version: '1.2.3',
    site: 'here',
    startedAt: 1000,
    sourceReached: () => true,
    now: () => 61_000,
    ...change,
  });
  return { admin, calls };
}

test('the status has the shape of the contract', async (t) => {
  const { admin } = source({ 'site-b': [failedTask('site-b', 1)] });
  t.deepEqual(await admin.status(), {
    version: '1.2.3',
    site: 'here',
    uptimeSeconds: 60,
    intentsOpen: 2,
    journal: { state: 'full', reason: '12 MiB free', sizeBytes: 7, freeBytes: 8 },
    targets: [
      {
        name: 'site-b',
        endpoint: 'http://b:9000',
        dialect: 's3',
        state: 'up',
        configured: true,
        sync: true,
        pending: 1,
        failed: 1,
        parked: 1,
        oldestSeconds: 57,
        completed: 5,
        completedBytes: 500,
        lagSeconds: { p50: 0.1, p99: 0.2 },
        lastError: 'AccessDenied',
        lastErrorAt: '1970-01-01T00:00:01.000Z',
      },
    ],
    rules: [
      {
        name: 'r',
        bucket: 'b',
        prefix: 'p/',
        target: 'site-b',
        targetBucket: null,
        priority: 1,
        replicate: ['delete', 'delete-marker'],
        enabled: true,
        origin: 'env',
      },
    ],
    resyncs: [
      {
        bucket: 'b',
        target: 'site-b',
        state: 'wanted',
        reason: 'body too long',
        since: '1970-01-01T00:00:00.000Z',
      },
    ],
    scan: { state: 'off' },
  });
});

test('tasks of a target that is gone are shown until they are discarded', async (t) => {
  const { admin, calls } = source({ old: [failedTask('old', 1)], empty: [] });
  const { targets } = await admin.status();
  t.deepEqual(
    targets.map(({ name, configured, state, pending }) => [name, configured, state, pending]),
    [
      ['site-b', true, 'up', 0],
      ['old', false, 'paused', 1],
    ],
  );
  t.is(await admin.discard('old'), 1);
  t.deepEqual(calls, [['discard', 'old']]);
  await t.throwsAsync(admin.discard('site-b'), { code: 'target-configured' });
  await t.throwsAsync(admin.discard('empty'), { code: 'unknown-target' });
});

test('readiness depends on the source alone; the rest is a warning', (t) => {
  t.deepEqual(source().admin.ready(), {
    ready: true,
    reasons: [],
    warnings: ['journal full: 12 MiB free'],
  });
  const dead = { targets: () => [{ ...runtime, state: 'down' as const }] };
  const { admin } = source({}, { ...dead, sourceReached: () => false });
  t.deepEqual(admin.ready(), {
    ready: false,
    reasons: ['the source has not answered yet'],
    warnings: ['journal full: 12 MiB free', 'target site-b is down'],
  });
});

test('failures of all targets are one list, whatever the size of a page', async (t) => {
  const { admin } = source({
    'site-b': [1, 2, 3].map((sequence) => failedTask('site-b', sequence)),
    old: [4, 5].map((sequence) => failedTask('old', sequence)),
  });
  for (let limit = 1; limit <= 6; limit++) {
    const keys: string[] = [];
    let after: string | undefined;
    do {
      // oxlint-disable-next-line no-await-in-loop -- each page names the next
      const page = await admin.failures({ target: undefined, after, limit });
      keys.push(...page.failures.map(({ target, key }) => `${target}/${key}`));
      after = page.next ?? undefined;
    } while (after !== undefined && keys.length < 20);
    t.deepEqual(keys, ['old/k4', 'old/k5', 'site-b/k1', 'site-b/k2', 'site-b/k3'], String(limit));
  }
});

test('a failure says what, why and when again', async (t) => {
  const { admin } = source({ 'site-b': [failedTask('site-b', 1)] });
  t.deepEqual(await admin.failures({ target: 'site-b', after: undefined, limit: 10 }), {
    failures: [
      {
        target: 'site-b',
        state: 'parked',
        kind: 'object',
        bucket: 'b',
        key: 'k1',
        versionId: 'v',
        attempts: 2,
        code: 'AccessDenied',
        reason: 'the target refuses the key',
        failedAt: '1970-01-01T00:00:02.000Z',
        nextAttemptAt: '1970-01-01T00:00:05.000Z',
      },
    ],
    next: null,
  });
});

test('a cursor that was not given out is refused', async (t) => {
  const { admin } = source();
  for (const after of ['x', 'e30', '']) {
    // oxlint-disable-next-line no-await-in-loop -- a few calls, one after the other
    await t.throwsAsync(admin.failures({ target: undefined, after, limit: 1 }), {
      code: 'bad-cursor',
    });
  }
});

test('retry is for one key, one target or all', async (t) => {
  const { admin, calls } = source();
  await admin.retry({ target: undefined, object: undefined });
  await admin.retry({ target: 'site-b', object: { bucket: 'b', key: 'k' } });
  t.deepEqual(calls, [
    ['retry', undefined, undefined],
    ['retry', 'site-b', { bucket: 'b', key: 'k' }],
  ]);
});

test('pause, resume and retry know the configured targets alone', async (t) => {
  const { admin, calls } = source({ old: [failedTask('old', 1)] });
  await admin.pause('site-b');
  await admin.resume('site-b');
  t.deepEqual(calls, [
    ['pause', 'site-b'],
    ['resume', 'site-b'],
  ]);
  await t.throwsAsync(admin.pause('old'), { code: 'unknown-target', message: /no target "old"/ });
  await t.throwsAsync(admin.resume('x'), { code: 'unknown-target' });
  await t.throwsAsync(admin.retry({ target: 'x', object: undefined }), { code: 'unknown-target' });
});
