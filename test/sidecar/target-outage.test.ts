import test from 'ava';
import { eventually } from '../arrange.ts';
import type { Site } from './site.ts';
import { differences, openSite, settled } from './site.ts';

const bucket = 'bucket';

async function put({ client }: Site, key: string, body = key): Promise<string> {
  const answer = await client.fetch({ method: 'PUT', bucket, key, body: Buffer.from(body) });
  return String(answer.headers['x-amz-replication-status']);
}

async function statusOf({ client }: Site, key: string): Promise<string> {
  const { headers } = await client.fetch({ method: 'HEAD', bucket, key });
  return String(headers['x-amz-replication-status']);
}

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `k${index}`);

for (const target of ['minio', 's3'] as const) {
  test(`a ${target} target that is down from the start costs the client nothing and catches up by itself within 5 s`, async (t) => {
    const site = await openSite(t, { target, targetIsDown: true });
    const statuses = await Promise.all(names(50).map((key) => put(site, key)));
    t.true(statuses.every((status) => status === 'PENDING' || status === 'FAILED'));
    await eventually(
      'the outage is seen',
      async () => (await statusOf(site, 'k0')) !== 'COMPLETED' && stateOf(site) === 'down',
    );
    const { lastError } = runtimeOf(site);
    t.regex(lastError ?? '', /ECONNREFUSED|refused/i);
    const returnedAt = Date.now();
    await site.gate.open();
    await settled(site);
    t.true(Date.now() - returnedAt < 5_000, `it took ${Date.now() - returnedAt} ms`);
    t.is(await statusOf(site, 'k0'), 'COMPLETED');
    t.deepEqual(await differences(site), []);
  });

  test(`a ${target} target that dies in the middle has every version once after it came back`, async (t) => {
    const site = await openSite(t, { target });
    const writes = names(120).map((key) => put(site, key));
    await writes[0];
    await site.gate.shut();
    await Promise.all(writes);
    await Promise.all(names(20).map((key) => put(site, key, 'again')));
    await site.gate.open();
    await settled(site);
    t.deepEqual(await differences(site), []);
  });

  test(`answers that a ${target} target swallows lead to no second copy`, async (t) => {
    const site = await openSite(t, { target });
    const fault = site.target.faults.add(
      { operation: 'PutObject' },
      { kind: 'cut', point: 'after' },
      5,
    );
    await Promise.all(names(40).map((key) => put(site, key)));
    await settled(site, 40_000);
    t.is(fault.used, 5);
    t.deepEqual(await differences(site), []);
  });
}

test('a refusal that needs a person is parked with its reason while the others flow', async (t) => {
  const site = await openSite(t);
  site.target.faults.add(
    { operation: 'PutObject', key: 'bad' },
    { kind: 'error', status: 403, code: 'AccessDenied' },
    Number.POSITIVE_INFINITY,
  );
  await Promise.all(['bad', ...names(10)].map((key) => put(site, key)));
  await eventually('only the bad one waits', () => {
    const { pending, parked } = site.sidecar.journal.counts('site-b');
    return pending === 1 && parked === 1;
  });
  t.is(await statusOf(site, 'bad'), 'FAILED');
  const { tasks } = await site.sidecar.journal.failures('site-b', { limit: 10 });
  t.is(tasks[0]?.failure?.code, 'AccessDenied');
  t.is(tasks[0]?.state, 'parked');
  site.target.faults.clear();
  t.is(await site.sidecar.replicator.retry('site-b', { bucket, key: 'bad' }), 1);
  await settled(site);
  t.deepEqual(await differences(site), []);
});

function runtimeOf({
  sidecar,
}: Site): ReturnType<Site['sidecar']['replicator']['runtime']>[number] {
  const [runtime] = sidecar.replicator.runtime();
  if (runtime === undefined) throw new Error('there is no target');
  return runtime;
}

function stateOf(site: Site): string {
  return runtimeOf(site).state;
}
