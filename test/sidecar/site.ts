// One site for the tests of the whole sidecar: a source, targets, the sidecar between, and a client of each.

import type { ExecutionContext } from 'ava';
import { loadConfig } from '../../src/config.ts';
import { createLogger } from '../../src/log.ts';
import { identityOf } from '../../src/replication/identity.ts';
import type { S3Client } from '../../src/s3/client.ts';
import type { Credentials } from '../../src/s3/types.ts';
import type { CompareOptions, Difference } from '../../src/scan/compare.ts';
import { compareBuckets } from '../../src/scan/compare.ts';
import type { SidecarOptions } from '../../src/sidecar.ts';
import { Sidecar } from '../../src/sidecar.ts';
import type { MemoryStore } from '../../src/store/memory-store.ts';
import {
  createBucket,
  credentials,
  eventually,
  openClient,
  openFolder,
  openStore,
} from '../arrange.ts';
import type { Gate } from '../gate.ts';
import { openGate } from '../gate.ts';

/** The variables of a sidecar with one target called `site-b` and one rule for everything in `bucket`. */
export function environment(places: {
  readonly source: string;
  readonly target: string;
  readonly dataDir: string;
  readonly sourceKeys?: Credentials;
  readonly targetKeys?: Credentials;
  readonly more?: Readonly<Record<string, string>>;
}): Record<string, string> {
  const { sourceKeys = credentials, targetKeys = credentials } = places;
  return {
    REPLICAR_LISTEN: '127.0.0.1:0',
    REPLICAR_ADMIN_LISTEN: '127.0.0.1:0',
    REPLICAR_DATA_DIR: places.dataDir,
    REPLICAR_SOURCE_ENDPOINT: places.source,
    REPLICAR_SOURCE_ACCESS_KEY: sourceKeys.accessKey,
    REPLICAR_SOURCE_SECRET_KEY: sourceKeys.secretKey,
    REPLICAR_TARGET_SITE_B_ENDPOINT: places.target,
    REPLICAR_TARGET_SITE_B_ACCESS_KEY: targetKeys.accessKey,
    REPLICAR_TARGET_SITE_B_SECRET_KEY: targetKeys.secretKey,
    REPLICAR_RULE_ALL: 'bucket -> site-b replicate=delete,delete-marker',
    ...places.more,
  };
}

export async function openSidecar(
  t: ExecutionContext,
  env: Readonly<Record<string, string>>,
  options: Partial<SidecarOptions> = {},
): Promise<Sidecar> {
  const sidecar = await Sidecar.open({
    config: loadConfig(env, () => ''),
    log: createLogger({ level: process.env['TEST_LOG'] ?? 'silent' }),
    version: 'test',
    pace: { pausesMs: { second: 200, third: 200 }, outagePauseMs: 100 },
    ...options,
  });
  t.teardown(() => sidecar.close({ timeoutMs: 0, drainMs: 0 }));
  return sidecar;
}

export interface Site {
  /** Between the sidecar and the target. */
  readonly gate: Gate;
  readonly source: MemoryStore;
  readonly target: MemoryStore;
  readonly sidecar: Sidecar;
  readonly env: Readonly<Record<string, string>>;
  /** Through the sidecar. */
  readonly client: S3Client;
  readonly atSource: S3Client;
  readonly atTarget: S3Client;
}

export interface SiteOptions {
  readonly source?: 's3' | 'minio';
  readonly target?: 's3' | 'minio';
  readonly versioned?: boolean;
  readonly targetIsDown?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly sidecar?: Partial<SidecarOptions>;
}

/** Two embedded stores, each with the bucket `bucket`, and the sidecar between. */
export async function openSite(t: ExecutionContext, options: SiteOptions = {}): Promise<Site> {
  const source = await openStore(t, options.source ?? 's3');
  const target = await openStore(t, options.target ?? 'minio');
  const [atSource, atTarget] = [openClient(t, source.url), openClient(t, target.url)];
  await Promise.all(
    [atSource, atTarget].map((client) => createBucket(client, 'bucket', options.versioned ?? true)),
  );
  const gate = await openGate(t, target.url);
  if (options.targetIsDown === true) await gate.shut();
  const env = environment({
    source: source.url,
    target: gate.url,
    dataDir: await openFolder(t),
    ...(options.env === undefined ? {} : { more: options.env }),
  });
  const sidecar = await openSidecar(t, env, options.sidecar);
  const client = openClient(t, `http://127.0.0.1:${sidecar.address.port}`);
  return {
    gate,
    source: source.store,
    target: target.store,
    sidecar,
    env,
    client,
    atSource,
    atTarget,
  };
}

/** Everything that differs between source and target. */
export async function differences(
  { atSource, atTarget }: Pick<Site, 'atSource' | 'atTarget'>,
  options: CompareOptions & { readonly bucket?: string; readonly targetBucket?: string } = {},
): Promise<readonly Difference[]> {
  const found: Difference[] = [];
  const source = { client: atSource, bucket: options.bucket ?? 'bucket' };
  const target = { client: atTarget, bucket: options.targetBucket ?? source.bucket };
  for await (const difference of compareBuckets(source, target, options)) found.push(difference);
  return found;
}

/** Pairs versions by the ids that they have on a target which keeps ids: their order then does not count. */
export const byIdentity: Pick<CompareOptions, 'targetVersionId'> = {
  targetVersionId: ({ key, versionId }) =>
    identityOf({ site: 'default', bucket: 'bucket', key, versionId }),
};

/** Waits until nothing is open and nothing waits. */
export async function settled(
  { sidecar }: Pick<Site, 'sidecar'>,
  timeoutMs = 20_000,
): Promise<void> {
  const { journal } = sidecar;
  await eventually(
    () =>
      `no open intent and no task: ${journal.intentsOpen()}, ${JSON.stringify(journal.counts('site-b'))}`,
    () => journal.intentsOpen() === 0 && journal.counts('site-b').pending === 0,
    timeoutMs,
  );
}
