// What the replication's tests share: two embedded stores, a real journal in a folder of its own, and a replicator
// between them. Changes are made at the source through the AWS SDK and queued as the proxy would.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DeleteObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client as Sdk,
} from '@aws-sdk/client-s3';
import type { ExecutionContext } from 'ava';
import { openJournal } from '../../src/journal/open-journal.ts';
import type { OpenedJournal } from '../../src/journal/options.ts';
import type { Change, FailedTask, TargetStatus, Task } from '../../src/journal/types.ts';
import { Replicator } from '../../src/replication/replicator.ts';
import type { ReplicatorOptions, TargetOptions } from '../../src/replication/types.ts';
import { S3Client } from '../../src/s3/client.ts';
import type { VersionView } from '../../src/store/inspect.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { Manner, Versioning } from '../../src/store/model.ts';
import { sdkClient } from '../store/clients.ts';

export const credentials = { accessKey: 'key', secretKey: 'secret' };
export const bucket = 'photos';
export const manners: readonly Manner[] = ['minio', 's3'];

export interface WorldOptions {
  readonly source?: Manner;
  readonly target?: Manner;
  readonly versioning?: Versioning;
  readonly targetVersioning?: Versioning;
  readonly lock?: boolean;
  readonly options?: Partial<TargetOptions>;
  readonly replicator?: Partial<ReplicatorOptions>;
  readonly targetPartSizeMin?: number;
}

export interface World {
  readonly source: MemoryStore;
  readonly target: MemoryStore;
  readonly sdk: Sdk;
  readonly journal: OpenedJournal;
  readonly replicator: Replicator;
  readonly failedCodes: string[];
  readonly done: string[];
  /** Queues a change as the proxy does. */
  readonly queue: (change: Partial<Change> & Pick<Change, 'kind' | 'key'>) => Promise<Task>;
  readonly put: (
    key: string,
    body: Buffer | string,
    more?: Partial<PutObjectCommandInput>,
  ) => Promise<Change>;
  readonly remove: (key: string, versionId?: string) => Promise<Change>;
  readonly status: (change: Change) => Promise<TargetStatus | undefined>;
  readonly failures: () => Promise<readonly FailedTask[]>;
  /** A second replicator over the same journal, as after a restart. */
  readonly restart: (more?: Partial<ReplicatorOptions>) => Promise<Replicator>;
  /** Resolves when nothing is pending any more. */
  readonly drained: () => Promise<void>;
}

export async function startStore(
  t: ExecutionContext,
  manner: Manner,
  settings: { versioning?: Versioning; lock?: boolean; partSizeMin?: number } = {},
): Promise<MemoryStore> {
  const { partSizeMin = 0, ...bucketSettings } = settings;
  const store = new MemoryStore({ manner, credentials, partSizeMin });
  await store.start();
  t.teardown(() => store.close());
  store.createBucket(bucket, bucketSettings);
  return store;
}

export async function world(t: ExecutionContext, options: WorldOptions = {}): Promise<World> {
  const versioning = options.versioning ?? 'enabled';
  const lock = options.lock === undefined ? {} : { lock: options.lock };
  const source = await startStore(t, options.source ?? 'minio', { versioning, ...lock });
  const target = await startStore(t, options.target ?? 'minio', {
    versioning: options.targetVersioning ?? versioning,
    partSizeMin: options.targetPartSizeMin ?? 0,
    ...lock,
  });
  const dataDir = await mkdtemp(join(tmpdir(), 'replicar-replication-'));
  t.teardown(() => rm(dataDir, { recursive: true, force: true }));
  const endpoint = { url: target.url, region: 'us-east-1', credentials };
  const targets = [targetOptions({ endpoint, ...options.options })];
  const journal = await openJournal({
    dataDir,
    site: 'site-a',
    targets: targets.map(({ name, endpoint: { url } }) => ({ name, endpoint: url })),
    rules: [],
    limits: { ballastBytes: 4096 },
  });
  t.teardown(() => journal.close());
  const client = new S3Client({ url: source.url, region: 'us-east-1', credentials });
  t.teardown(() => client.close());
  const sdk = sdkClient({ url: source.url, credentials, region: 'us-east-1' });
  t.teardown(() => sdk.destroy());
  const failedCodes: string[] = [];
  const done: string[] = [];
  let progress: (() => void) | undefined;
  const settings: ReplicatorOptions = {
    journal,
    source: client,
    site: 'site-a',
    targets,
    wants: () => ({ targetBucket: undefined }),
    retry: { minMs: 20, maxMs: 100 },
    probeIntervalMs: 50,
    log: silent,
    events: {
      replicated: (_target, kind) => {
        done.push(kind);
        progress?.();
      },
      attemptFailed: (_target, code) => {
        failedCodes.push(code);
      },
    },
    ...options.replicator,
  };
  let replicator = new Replicator(settings);
  t.teardown(() => replicator.close());

  async function queue(change: Partial<Change> & Pick<Change, 'kind' | 'key'>): Promise<Task> {
    const whole = { bucket, versionId: 'null', acceptedAt: Date.now(), ...change };
    const names = targets.map(({ name }) => name);
    const tasks = await journal.enqueue([{ change: whole, targets: names, class: 'live' }]);
    const [task] = tasks;
    if (task === undefined) throw new Error('no task was made');
    return task;
  }

  return {
    source,
    target,
    sdk,
    journal,
    get replicator() {
      return replicator;
    },
    failedCodes,
    done,
    queue,
    async put(key, body, more = {}) {
      const answer = await sdk.send(
        new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ...more }),
      );
      const etag = answer.ETag?.replaceAll('"', '') ?? '';
      const versionId = answer.VersionId ?? 'null';
      return (await queue({ kind: 'object', key, versionId, etag })).change;
    },
    async remove(key, versionId) {
      const answer = await sdk.send(
        new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId }),
      );
      if (versionId !== undefined) {
        return (await queue({ kind: 'version-delete', key, versionId })).change;
      }
      const kind = answer.VersionId === undefined ? 'delete' : 'marker';
      return (await queue({ kind, key, versionId: answer.VersionId ?? 'null' })).change;
    },
    async status(change) {
      return (await journal.status(change))?.targets['site-b'];
    },
    async failures() {
      return (await journal.failures('site-b', { limit: 100 })).tasks;
    },
    async restart(more = {}) {
      await replicator.close();
      replicator = new Replicator({ ...settings, ...more });
      return replicator;
    },
    async drained() {
      while (targets.some(({ name }) => journal.counts(name).pending > 0)) {
        // oxlint-disable-next-line no-await-in-loop -- one completion after the other
        await new Promise<void>((resolve) => {
          progress = resolve;
        });
      }
    },
  };
}

export function targetOptions(
  more: Partial<TargetOptions> & Pick<TargetOptions, 'endpoint'>,
): TargetOptions {
  return {
    name: 'site-b',
    dialect: 'auto',
    sync: false,
    syncTimeoutMs: 5000,
    concurrency: 8,
    ...more,
  };
}

export const silent = { info: () => {}, warn: () => {}, error: () => {} };

/** The history of a key as both sides must agree on it, newest first. */
export function history(store: MemoryStore, key: string): readonly object[] {
  return store.versions(bucket, key).map((version) => essence(version));
}

export function essence(version: VersionView): object {
  const { marker, size, etag, headers, tags, storageClass, checksum } = version;
  const { retention, legalHold, partSizes } = version;
  const content = Object.fromEntries(
    Object.entries(headers).filter(([name]) => !name.startsWith('x-amz-server-side')),
  );
  return {
    marker,
    size,
    etag,
    body: version.body.toString('latin1'),
    headers: content,
    tags,
    storageClass,
    checksum,
    retention,
    legalHold,
    partSizes,
  };
}

/** How many requests of an operation a store got. */
export function count(store: MemoryStore, operation: string): number {
  return store.requests.get(operation) ?? 0;
}
