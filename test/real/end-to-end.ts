// The whole sidecar with a store that nobody here wrote as the source and as the target, and clients nobody here
// wrote either: the AWS CLI and SDK, unmodified.

import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  S3Client as AwsClient,
  DeleteObjectsCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import type { S3Client } from '../../src/s3/client.ts';
import type { Credentials } from '../../src/s3/types.ts';
import type { Sidecar } from '../../src/sidecar.ts';
import { createBucket, credentials, openClient, openFolder, openStore } from '../arrange.ts';
import type { Through } from '../sidecar/scenario.ts';
import { everyKindOfWrite } from '../sidecar/scenario.ts';
import { differences, environment, openSidecar, settled } from '../sidecar/site.ts';

const run = promisify(execFile);

/** A store that nobody here wrote, running for one test file. */
export interface RealStore {
  readonly url: string;
  readonly credentials: Credentials;
  close(): Promise<void>;
}

interface Place {
  readonly url: string;
  readonly keys: Credentials;
}

interface RealSite {
  readonly sidecar: Sidecar;
  readonly url: string;
  readonly keys: Credentials;
  readonly client: S3Client;
  readonly atSource: S3Client;
  readonly atTarget: S3Client;
  readonly latestOnly: boolean;
}

async function openRealSite(
  t: ExecutionContext,
  { real, direction }: { real: RealStore; direction: Direction },
  bucket: string,
): Promise<RealSite> {
  const there: Place = { url: real.url, keys: real.credentials };
  const embedded = await openStore(t, direction.embedded);
  const here: Place = { url: embedded.url, keys: credentials };
  const [source, target] = direction.source === 'real' ? [there, here] : [here, there];
  const atSource = openClient(t, source.url, source.keys);
  const atTarget = openClient(t, target.url, target.keys);
  await createBucket(atSource, bucket, direction.versioned);
  await createBucket(atTarget, `${bucket}-copy`, direction.versioned);
  const sidecar = await openSidecar(
    t,
    environment({
      source: source.url,
      sourceKeys: source.keys,
      target: target.url,
      targetKeys: target.keys,
      dataDir: await openFolder(t),
      more: {
        REPLICAR_RULE_ALL: `${bucket} -> site-b/${bucket}-copy replicate=delete,delete-marker`,
      },
    }),
  );
  const url = `http://127.0.0.1:${sidecar.address.port}`;
  const client = openClient(t, url, source.keys);
  return {
    sidecar,
    url,
    keys: source.keys,
    client,
    atSource,
    atTarget,
    latestOnly: !direction.versioned,
  };
}

interface Direction {
  readonly source: 'real' | 'embedded';
  readonly embedded: 's3' | 'minio';
  readonly versioned: boolean;
}

const directions: readonly Direction[] = [
  { source: 'real', embedded: 'minio', versioned: true },
  { source: 'real', embedded: 's3', versioned: true },
  { source: 'real', embedded: 'minio', versioned: false },
  { source: 'embedded', embedded: 's3', versioned: true },
  { source: 'embedded', embedded: 'minio', versioned: true },
  { source: 'embedded', embedded: 's3', versioned: false },
];

const nameOf = (name: string, { source, embedded, versioned }: Direction): string => {
  const way = source === 'real' ? `from ${name} to the ${embedded}` : `from the ${embedded}`;
  const end = source === 'real' ? 'manner' : `manner to ${name}`;
  return `${way} ${end}, ${versioned ? 'versioned' : 'unversioned'}`;
};

/** Declares the tests of a file: the real store as the source and as the target. */
export function declareEndToEnd(
  name: string,
  start: () => Promise<RealStore>,
  through: Pick<Through, 'oddKey' | 'tagging'> = {},
): void {
  let store: RealStore | undefined;
  const running = (): RealStore => {
    if (store === undefined) throw new Error('the store was not started');
    return store;
  };
  test.before(async (t) => {
    t.timeout(180_000);
    store = await start();
  });
  test.after.always(async () => {
    await store?.close();
  });
  for (const [index, direction] of directions.entries()) {
    test(`every kind of write arrives ${nameOf(name, direction)}`, async (t) => {
      t.timeout(120_000);
      const bucket = `kinds-${index}`;
      const site = await openRealSite(t, { real: running(), direction }, bucket);
      await everyKindOfWrite({ ...site, ...through, bucket }, 5 * 1024 * 1024);
      await settled(site, 60_000);
      t.deepEqual(await compared(site, bucket), []);
    });

    test(`what the AWS CLI and the SDK write arrives ${nameOf(name, direction)}`, async (t) => {
      t.timeout(120_000);
      const bucket = `clients-${index}`;
      const site = await openRealSite(t, { real: running(), direction }, bucket);
      await withAwsCli(t, site, bucket);
      await withSdk(t, site, bucket);
      await settled(site, 60_000);
      t.deepEqual(await compared(site, bucket), []);
    });
  }
}

async function compared(
  { atSource, atTarget, latestOnly }: RealSite,
  bucket: string,
): Promise<readonly object[]> {
  return await differences(
    { atSource, atTarget },
    { bucket, targetBucket: `${bucket}-copy`, latestOnly },
  );
}

async function withAwsCli(t: ExecutionContext, site: RealSite, bucket: string): Promise<void> {
  const folder = await openFolder(t);
  const env = {
    ...process.env,
    AWS_ACCESS_KEY_ID: site.keys.accessKey,
    AWS_SECRET_ACCESS_KEY: site.keys.secretKey,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_REQUEST_CHECKSUM_CALCULATION: 'when_required',
  };
  const aws = async (...args: readonly string[]): Promise<string> =>
    (await run('aws', ['--endpoint-url', site.url, ...args], { env })).stdout;
  await writeFile(join(folder, 'small.txt'), 'small');
  await writeFile(join(folder, 'large.bin'), Buffer.alloc(20 * 1024 * 1024, 'large'));
  await aws('s3', 'cp', join(folder, 'small.txt'), `s3://${bucket}/cli/small.txt`);
  await aws('s3', 'sync', folder, `s3://${bucket}/cli/sync/`);
  await aws('s3', 'cp', `s3://${bucket}/cli/small.txt`, `s3://${bucket}/cli/copy.txt`);
  await aws('s3', 'rm', `s3://${bucket}/cli/small.txt`);
  const head = await aws('s3api', 'head-object', '--bucket', bucket, '--key', 'cli/copy.txt');
  t.regex(head, /"ReplicationStatus": "(PENDING|COMPLETED)"/);
}

async function withSdk(t: ExecutionContext, site: RealSite, bucket: string): Promise<void> {
  const sdk = new AwsClient({
    endpoint: site.url,
    region: 'us-east-1',
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    credentials: { accessKeyId: site.keys.accessKey, secretAccessKey: site.keys.secretKey },
  });
  t.teardown(() => sdk.destroy());
  for (const Key of ['sdk/a', 'sdk/b', 'sdk/c']) {
    await sdk.send(
      new PutObjectCommand({ Bucket: bucket, Key, Body: Key, Metadata: { who: 'sdk' } }),
    );
  }
  const Tagging = { TagSet: [{ Key: 'k', Value: 'v' }] };
  await sdk.send(new PutObjectTaggingCommand({ Bucket: bucket, Key: 'sdk/a', Tagging }));
  const Delete = { Objects: [{ Key: 'sdk/b' }, { Key: 'sdk/c' }] };
  await sdk.send(new DeleteObjectsCommand({ Bucket: bucket, Delete }));
}
