import test from 'ava';
import { S3Client } from '../../src/s3/client.ts';
import { histories } from '../../src/scan/histories.ts';
import {
  createBucket,
  credentials,
  openClient,
  openFolder,
  openStore,
  region,
} from '../arrange.ts';
import { random, Told, writer } from './load.ts';
import { freePort, killProcess, startProcess } from './process.ts';
import { byIdentity, differences, environment, openSidecar, settled } from './site.ts';

const rounds = Number(process.env['CRASH_ROUNDS'] ?? 30);
const seed = Number(process.env['CRASH_SEED'] ?? Math.floor(Math.random() * 1e9));

test('nothing acknowledged is lost, invented or doubled when the sidecar is killed again and again', async (t) => {
  t.timeout(400_000);
  t.log(`CRASH_SEED=${seed}`);
  const next = random(seed);
  const [source, target] = [await openStore(t, 's3'), await openStore(t, 'minio')];
  const [atSource, atTarget] = [openClient(t, source.url), openClient(t, target.url)];
  await createBucket(atSource, 'bucket', true);
  await createBucket(atTarget, 'bucket', true);
  const [port, adminPort] = [await freePort(), await freePort()];
  const env = environment({
    source: source.url,
    target: target.url,
    dataDir: await openFolder(t),
    more: { REPLICAR_LISTEN: `127.0.0.1:${port}`, REPLICAR_ADMIN_LISTEN: `127.0.0.1:${adminPort}` },
  });
  const told = new Told();
  for (let round = 0; round < rounds; round += 1) {
    await crashRound(env, { told, next, forMs: 100 + next() * 500 });
  }
  // The last start looks at the source in quick succession; what was put off by a minute before still waits for it.
  const last = await openSidecar(t, env);
  await settled({ sidecar: last }, 150_000);
  t.log(`${told.acknowledged} writes acknowledged in ${rounds} rounds`);
  t.true(told.acknowledged > rounds * 10);
  t.deepEqual(await differences({ atSource, atTarget }, byIdentity), []);
  const present = new Set<string>();
  for await (const { versions } of histories({ client: atTarget, bucket: 'bucket' })) {
    t.is(new Set(versions.map(({ versionId }) => versionId)).size, versions.length);
  }
  for await (const { versions } of histories({ client: atSource, bucket: 'bucket' })) {
    for (const { versionId } of versions) present.add(versionId);
  }
  const gone = told.written.filter(
    ({ versionId }) => !present.has(versionId) && !told.removing.has(versionId),
  );
  t.deepEqual(gone, []);
});

async function crashRound(
  env: Readonly<Record<string, string>>,
  { told, next, forMs }: { told: Told; next: () => number; forMs: number },
): Promise<void> {
  const sidecar = await startProcess(env);
  const client = new S3Client({ url: `http://127.0.0.1:${sidecar.port}`, region, credentials });
  const stop = new AbortController();
  const writers = Array.from(
    { length: 8 },
    async () =>
      await writer({ client, told, next: random(Math.floor(next() * 1e9)), signal: stop.signal }),
  );
  await new Promise((resolve) => setTimeout(resolve, forMs));
  await killProcess(sidecar);
  stop.abort();
  await Promise.all(writers);
  await client.close();
}
