import test from 'ava';
import { S3Client } from '../../src/s3/client.ts';
import {
  createBucket,
  credentials,
  eventually,
  openClient,
  openFolder,
  openStore,
  region,
} from '../arrange.ts';
import { random, Told, writer } from './load.ts';
import { killProcess, startProcess } from './process.ts';
import { byIdentity, differences, environment, openSidecar, settled } from './site.ts';

test('SIGTERM under load ends with exit code 0 and forgets nothing', async (t) => {
  const [source, target] = [await openStore(t, 's3'), await openStore(t, 'minio')];
  const [atSource, atTarget] = [openClient(t, source.url), openClient(t, target.url)];
  await createBucket(atSource, 'bucket', true);
  await createBucket(atTarget, 'bucket', true);
  const dataDir = await openFolder(t);
  const env = environment({ source: source.url, target: target.url, dataDir });
  const sidecar = await startProcess(env);
  const client = new S3Client({ url: `http://127.0.0.1:${sidecar.port}`, region, credentials });
  t.teardown(() => client.close());
  const stop = new AbortController();
  const told = new Told();
  const writers = Array.from({ length: 8 }, (_, index) =>
    writer({ client, told, next: random(index), signal: stop.signal }),
  );
  await eventually('the load is under way', () => told.acknowledged > 20);
  sidecar.child.kill('SIGTERM');
  t.is(await sidecar.ended, 0);
  stop.abort();
  await Promise.all(writers);
  t.false(sidecar.output().includes(credentials.secretKey));
  const again = await openSidecar(t, env);
  await settled({ sidecar: again });
  t.deepEqual(await differences({ atSource, atTarget }, byIdentity), []);
});

test('a second signal ends it at once', async (t) => {
  const [source, target] = [await openStore(t, 's3'), await openStore(t, 'minio')];
  await createBucket(openClient(t, source.url), 'bucket', true);
  const dataDir = await openFolder(t);
  const sidecar = await startProcess(
    environment({ source: source.url, target: target.url, dataDir }),
  );
  source.store.faults.hold({ operation: 'PutObject' }, 'before');
  const client = openClient(t, `http://127.0.0.1:${sidecar.port}`);
  const held = client.fetch({ method: 'PUT', bucket: 'bucket', key: 'k', body: Buffer.from('v') });
  const failed = t.throwsAsync(held);
  await new Promise((resolve) => setTimeout(resolve, 200));
  sidecar.child.kill('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 200));
  sidecar.child.kill('SIGTERM');
  t.is(await sidecar.ended, 1);
  await failed;
});

test('a second sidecar on the same folder refuses to start and says why', async (t) => {
  const [source, target] = [await openStore(t, 's3'), await openStore(t, 'minio')];
  const dataDir = await openFolder(t);
  const env = environment({ source: source.url, target: target.url, dataDir });
  const first = await startProcess(env);
  t.teardown(() => killProcess(first));
  const refused = await t.throwsAsync(startProcess(env));
  t.regex(refused?.message ?? '', /another process|already|in use/i);
});
