// `replicar demo`: two embedded stores with the sidecar between client and the first, a tour of what it does, and
// then a place to try it by hand.

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../config.ts';
import { createLogger } from '../log.ts';
import { S3Client } from '../s3/client.ts';
import { Sidecar } from '../sidecar.ts';
import { MemoryStore } from '../store/memory-store.ts';
import { aborted } from './aborted.ts';
import type { CommandContext } from './command.ts';
import type { Demo } from './demo-tour.ts';
import { demoBucket, tour } from './demo-tour.ts';
import { createPaint } from './paint.ts';

const credentials = { accessKey: 'replicar-demo', secretKey: 'replicar-demo-secret' };
const region = 'us-east-1';

type Closer = () => Promise<void>;

export async function run(context: CommandContext): Promise<number> {
  const closers: Closer[] = [];
  try {
    const demo = await open(context, closers);
    const isEqual = await tour(demo, { ...context, paint: createPaint(context) });
    if (context.options['once'] === true || context.signal.aborted) return isEqual ? 0 : 1;
    context.write(byHand(demo));
    await aborted(context.signal);
    return isEqual ? 0 : 1;
  } finally {
    // oxlint-disable-next-line no-await-in-loop -- in reverse order of opening
    for (const close of closers.toReversed()) await close();
  }
}

async function open(context: CommandContext, closers: Closer[]): Promise<Demo> {
  const source = await openStore('s3', 9001, closers);
  const target = await openStore('minio', 9002, closers);
  const dataDir = await mkdtemp(join(tmpdir(), 'replicar-demo-'));
  closers.push(async () => await rm(dataDir, { recursive: true, force: true }));
  const sidecar = await Sidecar.open({
    config: await demoConfig({ source, target, dataDir }),
    log: createLogger({ level: 'silent' }),
    version: context.version,
  });
  closers.push(async () => await sidecar.close({ timeoutMs: 1_000, drainMs: 0 }));
  const client = (url: string): S3Client => {
    const opened = new S3Client({ url, region, credentials });
    closers.push(async () => await opened.close());
    return opened;
  };
  return {
    sidecar,
    client: client(`http://127.0.0.1:${sidecar.address.port}`),
    source: client(source),
    target: client(target),
  };
}

async function openStore(manner: 's3' | 'minio', port: number, closers: Closer[]): Promise<string> {
  const store = new MemoryStore({ manner, credentials, region });
  const { url } = await store.start(await freePort(port), '127.0.0.1');
  closers.push(async () => await store.close());
  return url;
}

async function demoConfig(places: {
  readonly source: string;
  readonly target: string;
  readonly dataDir: string;
}): Promise<ReturnType<typeof loadConfig>> {
  const env = {
    REPLICAR_LISTEN: `127.0.0.1:${await freePort(9000)}`,
    REPLICAR_ADMIN_LISTEN: `127.0.0.1:${await freePort(9090)}`,
    REPLICAR_SITE: 'demo',
    REPLICAR_DATA_DIR: places.dataDir,
    REPLICAR_SOURCE_ENDPOINT: places.source,
    REPLICAR_SOURCE_ACCESS_KEY: credentials.accessKey,
    REPLICAR_SOURCE_SECRET_KEY: credentials.secretKey,
    REPLICAR_TARGET_SITE_B_ENDPOINT: places.target,
    REPLICAR_TARGET_SITE_B_ACCESS_KEY: credentials.accessKey,
    REPLICAR_TARGET_SITE_B_SECRET_KEY: credentials.secretKey,
    REPLICAR_RULE_DEMO: `${demoBucket} -> site-b replicate=delete,delete-marker`,
  };
  return loadConfig(env, () => '');
}

/** The port if nobody has it, else any. */
async function freePort(preferred: number): Promise<number> {
  return await new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(0));
    probe.listen({ port: preferred, host: '127.0.0.1' }, () => {
      probe.close(() => resolve(preferred));
    });
  });
}

function byHand({ sidecar, source, target }: Demo): string {
  const through = `http://127.0.0.1:${sidecar.address.port}`;
  const admin = `http://127.0.0.1:${sidecar.adminAddress.port}`;
  return [
    '',
    'Now you. In another terminal:',
    '',
    `  export AWS_ACCESS_KEY_ID=${credentials.accessKey} AWS_SECRET_ACCESS_KEY=${credentials.secretKey}`,
    `  export AWS_DEFAULT_REGION=${region}`,
    `  echo hello | aws --endpoint-url ${through} s3 cp - s3://${demoBucket}/mine.txt`,
    `  aws --endpoint-url ${through} s3api head-object --bucket ${demoBucket} --key mine.txt`,
    `  aws --endpoint-url ${target.endpoint.url} s3 cp s3://${demoBucket}/mine.txt -`,
    `  curl ${admin}/api/status`,
    '',
    `  client ──▶ Replicar ${through} ──▶ source ${source.endpoint.url}`,
    `             dashboard ${admin}         └─▶ target ${target.endpoint.url}`,
    '',
    'Ctrl-C ends it; nothing is kept.',
    '',
  ].join('\n');
}
