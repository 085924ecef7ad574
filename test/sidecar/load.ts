// A mixed load from several writers: every kind of write, on keys that they share. What a writer was told is what it
// remembers; an answer that never came tells nothing.

import { taggingXml } from '../../src/s3/calls.ts';
import type { S3Client } from '../../src/s3/client.ts';
import { queryOf } from '../../src/s3/path.ts';
import { parseXml, textOf } from '../../src/s3/xml.ts';
import { deleteObjects } from './scenario.ts';

const bucket = 'bucket';

/** Reproducible: mulberry32. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) % 4294967296;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** What the writers were told: versions that are there, and versions that they asked to remove. */
export class Told {
  readonly written: { key: string; versionId: string }[] = [];
  readonly removing = new Set<string>();
  acknowledged = 0;
}

export interface WriterOptions {
  readonly client: S3Client;
  readonly told: Told;
  readonly next: () => number;
  readonly signal: AbortSignal;
}

/** Writes until it is aborted or the sidecar is gone. */
export async function writer(options: WriterOptions): Promise<void> {
  while (!options.signal.aborted) {
    try {
      await step(options);
      options.told.acknowledged += 1;
    } catch {
      // No answer, or 503: nothing was promised.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

async function step(options: WriterOptions): Promise<void> {
  const { next } = options;
  const key = `key-${Math.floor(next() * 40)}`;
  const kind = next();
  if (kind < 0.45) return await put(options, key);
  if (kind < 0.55) return await multipart(options, key);
  if (kind < 0.63) return await copy(options, key);
  if (kind < 0.73) return await tag(options, key);
  if (kind < 0.83) return await remove(options, key);
  if (kind < 0.92) return await removeVersion(options);
  return await removeMany(options);
}

function remember({ told }: WriterOptions, key: string, versionId: unknown): void {
  if (typeof versionId === 'string') told.written.push({ key, versionId });
}

async function put(options: WriterOptions, key: string): Promise<void> {
  const body = Buffer.alloc(Math.floor(options.next() * 30_000), String(options.next()));
  const headers = [{ name: 'x-amz-meta-at', value: String(options.next()) }];
  const answer = await options.client.fetch({ method: 'PUT', bucket, key, body, headers });
  remember(options, key, answer.headers['x-amz-version-id']);
}

async function multipart(options: WriterOptions, key: string): Promise<void> {
  const { client, next } = options;
  const begun = await client.fetch({ method: 'POST', bucket, key, query: 'uploads' });
  const uploadId = textOf(parseXml(begun.bytes), 'UploadId') ?? '';
  const parts: string[] = [];
  for (const number of [1, 2, 3]) {
    const query = queryOf({ partNumber: number, uploadId });
    const body = Buffer.alloc(1 + Math.floor(next() * 20_000), number);
    const { headers } = await client.fetch({ method: 'PUT', bucket, key, query, body });
    parts.push(
      `<Part><PartNumber>${number}</PartNumber><ETag>${String(headers['etag'])}</ETag></Part>`,
    );
  }
  const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`);
  const done = await client.fetch({
    method: 'POST',
    bucket,
    key,
    query: queryOf({ uploadId }),
    body,
  });
  remember(options, key, done.headers['x-amz-version-id']);
}

async function copy(options: WriterOptions, key: string): Promise<void> {
  const from = `key-${Math.floor(options.next() * 40)}`;
  const headers = [{ name: 'x-amz-copy-source', value: `/${bucket}/${from}` }];
  const answer = await options.client.fetch({ method: 'PUT', bucket, key, headers });
  remember(options, key, answer.headers['x-amz-version-id']);
}

async function tag({ client, next }: WriterOptions, key: string): Promise<void> {
  const body = taggingXml([{ key: 'at', value: String(next()) }]);
  await client.fetch({ method: 'PUT', bucket, key, query: 'tagging', body });
}

async function remove({ client }: WriterOptions, key: string): Promise<void> {
  await client.fetch({ method: 'DELETE', bucket, key });
}

async function removeVersion({ client, told, next }: WriterOptions): Promise<void> {
  const name = told.written[Math.floor(next() * told.written.length)];
  if (name === undefined) return;
  told.removing.add(name.versionId);
  const query = queryOf({ versionId: name.versionId });
  await client.fetch({ method: 'DELETE', bucket, key: name.key, query });
}

async function removeMany({ client, next }: WriterOptions): Promise<void> {
  const names = Array.from({ length: 5 }, () => `key-${Math.floor(next() * 40)}`);
  const objects = names.map((name) => `<Object><Key>${name}</Key></Object>`).join('');
  const quiet = next() < 0.5 ? '<Quiet>true</Quiet>' : '';
  await deleteObjects({ client }, `<Delete>${quiet}${objects}</Delete>`);
}
