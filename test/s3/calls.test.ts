import test from 'ava';
import { hasObject } from '../../src/s3/calls.ts';
import { createBucket, openClient, openStore } from '../arrange.ts';

test('whether an object is there is told cleanly, or not at all', async (t) => {
  const { store, url } = await openStore(t, 's3');
  const client = openClient(t, url);
  const bucket = 'bucket';
  await createBucket(client, bucket, true);
  await client.fetch({ method: 'PUT', bucket, key: 'full', body: Buffer.alloc(100_000, 'x') });
  await client.fetch({ method: 'PUT', bucket, key: 'empty', body: Buffer.alloc(0) });
  const versionId = store.current(bucket, 'full')?.versionId;
  t.true(await hasObject(client, { bucket, key: 'full' }));
  t.true(await hasObject(client, { bucket, key: 'full', versionId }));
  t.true(await hasObject(client, { bucket, key: 'empty' }));
  t.false(await hasObject(client, { bucket, key: 'none' }));
  await t.throwsAsync(hasObject(client, { bucket: 'nowhere', key: 'full' }), {
    code: 'NoSuchBucket',
  });
});
