import test from 'ava';
import { queryOf } from '../../src/s3/path.ts';
import { parseXml, textOf } from '../../src/s3/xml.ts';
import { deleteObjects, everyKindOfWrite, head, multipart, put } from './scenario.ts';
import { differences, openSite, settled } from './site.ts';

const bucket = 'bucket';

const versionings = [
  ['versioned', true],
  ['unversioned', false],
] as const;

for (const manner of ['minio', 's3'] as const) {
  for (const [word, versioned] of versionings) {
    test(`every kind of write reaches a ${manner} target from a ${word} bucket`, async (t) => {
      const site = await openSite(t, { target: manner, versioned });
      await everyKindOfWrite(site, 300_000);
      await settled(site);
      t.deepEqual(await differences(site, { latestOnly: !versioned }), []);
      t.is((await head(site, 'a.txt'))['x-amz-replication-status'], 'COMPLETED');
      t.is((await head(site, 'film'))['x-replicar-targets'], 'site-b=COMPLETED');
    });
  }
}

test('the status is PENDING until the target has it, then COMPLETED', async (t) => {
  const site = await openSite(t);
  await site.sidecar.replicator.pause('site-b');
  const answer = await put(site, 'k', 'v');
  t.is(answer['x-amz-replication-status'], 'PENDING');
  t.is(answer['x-replicar-targets'], 'site-b=PENDING');
  t.is((await head(site, 'k'))['x-amz-replication-status'], 'PENDING');
  await site.sidecar.replicator.resume('site-b');
  await settled(site);
  t.is((await head(site, 'k'))['x-amz-replication-status'], 'COMPLETED');
});

test('what no rule covers passes without a status and without a task', async (t) => {
  const site = await openSite(t, { env: { REPLICAR_RULE_ALL: 'bucket/in/ -> site-b' } });
  const answer = await put(site, 'out/k', 'v');
  t.is(answer['x-amz-replication-status'], undefined);
  t.is((await head(site, 'out/k'))['x-amz-replication-status'], undefined);
  await put(site, 'in/k', 'v');
  await settled(site);
  t.deepEqual(
    (await differences(site)).map(({ key, what }) => `${what} ${key}`),
    ['missing out/k'],
  );
});

test('what the source refused is not replicated and leaves no intent', async (t) => {
  const site = await openSite(t);
  await put(site, 'k', 'first');
  const refused = site.client.fetch({
    method: 'PUT',
    bucket,
    key: 'k',
    body: Buffer.from('second'),
    headers: [{ name: 'if-none-match', value: '*' }],
  });
  await t.throwsAsync(refused, { message: /PreconditionFailed/ });
  await settled(site);
  t.deepEqual(await differences(site), []);
});

test('markers and version deletes travel only where the rule says so', async (t) => {
  const site = await openSite(t, { env: { REPLICAR_RULE_ALL: 'bucket -> site-b' } });
  const { 'x-amz-version-id': first } = await put(site, 'k', 'one');
  await put(site, 'k', 'two');
  await site.client.fetch({ method: 'DELETE', bucket, key: 'k' });
  const query = queryOf({ versionId: String(first) });
  await site.client.fetch({ method: 'DELETE', bucket, key: 'k', query });
  await settled(site);
  const page = await site.atTarget.fetch({ method: 'GET', bucket, query: 'versions' });
  const kinds = parseXml(page.bytes).children.map((child) => child.name);
  t.is(kinds.filter((name) => name === 'Version').length, 2);
  t.false(kinds.includes('DeleteMarker'));
});

test('many deletes in one request, quiet too, are replicated one by one', async (t) => {
  const site = await openSite(t);
  const names = Array.from({ length: 30 }, (_, index) => `k${index}`);
  await Promise.all(names.map((name) => put(site, name, name)));
  const objects = (from: number, to: number): string =>
    names
      .slice(from, to)
      .map((name) => `<Object><Key>${name}</Key></Object>`)
      .join('');
  for (const body of [
    `<Delete>${objects(0, 10)}</Delete>`,
    `<Delete><Quiet>true</Quiet>${objects(10, 20)}</Delete>`,
  ]) {
    await deleteObjects(site, body);
  }
  await settled(site);
  t.deepEqual(await differences(site), []);
  const page = await site.atTarget.fetch({ method: 'GET', bucket, query: 'list-type=2' });
  t.is(textOf(parseXml(page.bytes), 'KeyCount'), '10');
});

test('a sync target has the object when the client has its answer', async (t) => {
  const site = await openSite(t, { env: { REPLICAR_TARGET_SITE_B_SYNC: 'true' } });
  const answer = await put(site, 'k', 'v');
  t.is(answer['x-amz-replication-status'], 'COMPLETED');
  t.deepEqual(await differences(site), []);
  const removed = await site.client.fetch({ method: 'DELETE', bucket, key: 'k' });
  t.is(removed.headers['x-amz-replication-status'], 'COMPLETED');
  t.deepEqual(await differences(site), []);
  const etag = await multipart(site, 'film', [200_000, 5]);
  t.regex(etag, /-2"?$/);
  t.deepEqual(await differences(site), []);
});
