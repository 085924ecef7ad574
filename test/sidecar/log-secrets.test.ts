import test from 'ava';
import { request } from 'undici';
import { presignTarget } from '../../src/s3/sigv4.ts';
import {
  createBucket,
  credentials,
  eventually,
  openClient,
  openFolder,
  openStore,
  region,
} from '../arrange.ts';
import { killProcess, startProcess } from './process.ts';
import { environment } from './site.ts';

test('the log at its most talkative holds no secret, signature, presigned query or key of a customer', async (t) => {
  const [source, target] = [await openStore(t, 's3'), await openStore(t, 'minio')];
  await createBucket(openClient(t, source.url), 'bucket', true);
  const env = environment({
    source: source.url,
    target: target.url,
    dataDir: await openFolder(t),
    more: { REPLICAR_LOG_LEVEL: 'trace', REPLICAR_TARGET_SITE_B_SECRET_KEY: 'target-canary' },
  });
  const sidecar = await startProcess(env);
  t.teardown(() => killProcess(sidecar));
  const host = `127.0.0.1:${sidecar.port}`;
  const client = openClient(t, `http://${host}`);
  await client.fetch({ method: 'PUT', bucket: 'bucket', key: 'k', body: Buffer.from('v') });
  const presigned = presignTarget({
    method: 'PUT',
    target: '/bucket/presigned',
    headers: [{ name: 'host', value: host }],
    credentials,
    region,
    at: new Date(),
    expiresSeconds: 60,
  });
  const signature = /X-Amz-Signature=([0-9a-f]+)/.exec(presigned)?.[1] ?? '';
  const answer = await request(`http://${host}${presigned}`, { method: 'PUT', body: 'v' });
  await answer.body.dump();
  t.is(answer.statusCode, 200);
  const customer = 'Y3VzdG9tZXIta2V5LWNhbmFyeS0wMTIzNDU2Nzg5MDE=';
  const name = 'x-amz-server-side-encryption-customer-key';
  const refused = client.fetch({
    method: 'PUT',
    bucket: 'bucket',
    key: 'sse-c',
    body: Buffer.from('v'),
    headers: [{ name, value: customer }],
  });
  await refused.catch(() => undefined);
  await eventually('it told of the requests', () => sidecar.output().includes('presigned'));
  await eventually('it told of the target', () =>
    /an attempt failed|parked/.test(sidecar.output()),
  );
  const log = sidecar.output();
  for (const secret of [credentials.secretKey, 'target-canary', signature, customer]) {
    t.false(log.includes(secret), `the log holds ${secret}`);
  }
  t.notRegex(log, /Signature=[0-9a-f]{16}/);
});
