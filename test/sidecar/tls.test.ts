import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { loadConfig } from '../../src/config.ts';
import { createLogger } from '../../src/log.ts';
import { S3Client } from '../../src/s3/client.ts';
import { Sidecar } from '../../src/sidecar.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { credentials, openFolder, region } from '../arrange.ts';
import { put } from './scenario.ts';
import { differences, environment, settled } from './site.ts';

interface Identity {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

async function identity(folder: string): Promise<Identity> {
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const kind = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
  ];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const output = ['-keyout', keyFile, '-out', certFile];
  await promisify(execFile)('openssl', ['req', '-x509', ...kind, ...subject, ...output]);
  const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
  return { certFile, keyFile, cert, key };
}

async function openSecureStore(
  t: ExecutionContext,
  manner: 's3' | 'minio',
  { cert, key }: Identity,
): Promise<{ url: string; client: S3Client }> {
  const store = new MemoryStore({ manner, credentials, region, tls: { cert, key } });
  store.createBucket('bucket', { versioning: 'enabled' });
  const { url } = await store.start();
  t.teardown(() => store.close());
  const client = new S3Client({ url, region, credentials, ca: cert });
  t.teardown(() => client.close());
  return { url, client };
}

test('clients, source and target are reached over TLS, each certificate verified', async (t) => {
  const folder = await openFolder(t);
  const own = await identity(folder);
  const [source, target] = await Promise.all([
    openSecureStore(t, 's3', own),
    openSecureStore(t, 'minio', own),
  ]);
  const env = environment({
    source: source.url,
    target: target.url,
    dataDir: join(folder, 'data'),
    more: {
      REPLICAR_TLS_CERT_FILE: own.certFile,
      REPLICAR_TLS_KEY_FILE: own.keyFile,
      REPLICAR_SOURCE_CA_FILE: own.certFile,
      REPLICAR_TARGET_SITE_B_CA_FILE: own.certFile,
    },
  });
  const files = new Map([
    [own.certFile, own.cert],
    [own.keyFile, own.key],
  ]);
  const sidecar = await Sidecar.open({
    config: loadConfig(env, (path) => files.get(path) ?? ''),
    log: createLogger({ level: 'silent' }),
    version: 'test',
  });
  t.teardown(() => sidecar.close({ timeoutMs: 0, drainMs: 0 }));
  const url = `https://127.0.0.1:${sidecar.address.port}`;
  const client = new S3Client({ url, region, credentials, ca: own.cert });
  t.teardown(() => client.close());
  await put({ client }, 'k', 'v');
  await put({ client }, 'large', Buffer.alloc(9 * 1024 * 1024, 'x'));
  await settled({ sidecar });
  t.deepEqual(await differences({ atSource: source.client, atTarget: target.client }), []);
  const stranger = new S3Client({ url, region, credentials });
  t.teardown(() => stranger.close());
  await t.throwsAsync(put({ client: stranger }, 'k', 'v'), { code: 'tls' });
});
