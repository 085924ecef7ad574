// What most tests begin with: embedded stores, clients, folders, each given back at the end.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { S3Client } from '../src/s3/client.ts';
import type { Credentials } from '../src/s3/types.ts';
import { MemoryStore } from '../src/store/memory-store.ts';

export const credentials: Credentials = { accessKey: 'test-key', secretKey: 'test-secret-canary' };
export const region = 'us-east-1';

export async function openStore(
  t: ExecutionContext,
  manner: 's3' | 'minio',
  port = 0,
): Promise<{ store: MemoryStore; url: string }> {
  const store = new MemoryStore({ manner, credentials, region });
  const { url } = await store.start(port, '127.0.0.1');
  t.teardown(() => store.close());
  return { store, url };
}

export function openClient(
  t: ExecutionContext,
  url: string,
  keys: Credentials = credentials,
): S3Client {
  const client = new S3Client({ url, region, credentials: keys });
  t.teardown(() => client.close());
  return client;
}

export async function openFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'replicar-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function createBucket(
  client: S3Client,
  bucket: string,
  versioned: boolean,
): Promise<void> {
  await client.fetch({ method: 'PUT', bucket });
  if (!versioned) return;
  const body = Buffer.from(
    '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>',
  );
  await client.fetch({ method: 'PUT', bucket, query: 'versioning', body });
}

/** A port below those that the kernel hands out: nobody else is given it while its owner is away for a moment. */
export function unassignedPort(): number {
  return 20_000 + Math.floor(Math.random() * 12_000);
}

/** Polls until it holds; throws with what was seen last. The pace of a person, never a measure. */
export async function eventually(
  what: string | (() => string),
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 20_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > deadline) {
      throw new Error(`not within ${timeoutMs} ms: ${typeof what === 'string' ? what : what()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
