// The tour of the demo: writes of every kind while the target is paused, the same objects once it is not, and the
// proof that both stores hold the same.

import { setTimeout as sleep } from 'node:timers/promises';
import { taggingXml } from '../s3/calls.ts';
import type { S3Client } from '../s3/client.ts';
import { queryOf } from '../s3/path.ts';
import { parseXml, textOf } from '../s3/xml.ts';
import type { Difference } from '../scan/compare.ts';
import { compareBuckets } from '../scan/compare.ts';
import { histories } from '../scan/histories.ts';
import type { Sidecar } from '../sidecar.ts';
import type { Paint } from './paint.ts';

export const demoBucket = 'demo';
const bucket = demoBucket;
const target = 'site-b';
const patienceMs = 30_000;

export interface Demo {
  readonly sidecar: Sidecar;
  /** To the source through the sidecar, as any client. */
  readonly client: S3Client;
  readonly source: S3Client;
  readonly target: S3Client;
}

export interface Stage {
  readonly write: (text: string) => void;
  readonly paint: Paint;
  readonly signal: AbortSignal;
}

/** Resolves with whether the target equals the source in the end. */
export async function tour(demo: Demo, stage: Stage): Promise<boolean> {
  const { write, paint } = stage;
  const title = (text: string): void => write(`\n${paint('bold', text)}\n`);
  title('A bucket on two stores, a rule between them');
  await createBuckets(demo);
  write(`  ${bucket} -> ${target} replicate=delete,delete-marker\n`);

  title('Writes through the sidecar, while the target is paused');
  await demo.sidecar.replicator.pause(target);
  await writeEverything(demo, (line) => write(`  ${line}\n`));
  await show(demo, stage);

  title('The target is back');
  await demo.sidecar.replicator.resume(target);
  const startedAt = performance.now();
  await allCompleted(demo, stage.signal);
  await show(demo, stage);
  write(`  ${paint('gray', `after ${Math.round(performance.now() - startedAt)} ms`)}\n`);

  title('Source and target, version by version');
  return await proveEqual(demo, stage);
}

async function createBuckets({ client, target: there }: Demo): Promise<void> {
  const enabled = Buffer.from(
    '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>',
  );
  for (const store of [client, there]) {
    // oxlint-disable-next-line no-await-in-loop -- two of them, in order
    await store.fetch({ method: 'PUT', bucket });
    // oxlint-disable-next-line no-await-in-loop -- two of them, in order
    await store.fetch({ method: 'PUT', bucket, query: 'versioning', body: enabled });
  }
}

async function writeEverything(demo: Demo, say: (line: string) => void): Promise<void> {
  const { client } = demo;
  const put = async (
    key: string,
    body: Buffer,
    headers: Record<string, string> = {},
  ): Promise<string> => {
    const lines = Object.entries(headers).map(([name, value]) => ({ name, value }));
    const answer = await client.fetch({ method: 'PUT', bucket, key, body, headers: lines });
    return String(answer.headers['x-amz-version-id']);
  };
  say('PutObject            hello.txt, twice');
  const first = await put('hello.txt', Buffer.from('hello\n'), { 'content-type': 'text/plain' });
  await put('hello.txt', Buffer.from('hello, world\n'), { 'content-type': 'text/plain' });
  say('PutObject            photos/été.jpg, 1 MiB, with metadata');
  await put('photos/été.jpg', Buffer.alloc(1024 * 1024, 'x'), { 'x-amz-meta-camera': 'M6' });
  say('multipart upload     film.mp4, 3 parts');
  await uploadParts(demo, 'film.mp4', [700_000, 700_000, 1234]);
  say('PutObjectTagging     hello.txt');
  const tags = taggingXml([{ key: 'project', value: 'demo' }]);
  await client.fetch({ method: 'PUT', bucket, key: 'hello.txt', query: 'tagging', body: tags });
  say('DeleteObject         old.txt, which leaves a delete marker');
  await put('old.txt', Buffer.from('old\n'));
  await client.fetch({ method: 'DELETE', bucket, key: 'old.txt' });
  say('DeleteObject         the first version of hello.txt');
  const query = queryOf({ versionId: first });
  await client.fetch({ method: 'DELETE', bucket, key: 'hello.txt', query });
}

async function uploadParts({ client }: Demo, key: string, sizes: readonly number[]): Promise<void> {
  const begun = await client.fetch({ method: 'POST', bucket, key, query: 'uploads' });
  const uploadId = textOf(parseXml(begun.bytes), 'UploadId') ?? '';
  const parts = await Promise.all(
    sizes.map(async (size, index) => {
      const query = queryOf({ partNumber: index + 1, uploadId });
      const body = Buffer.alloc(size, index);
      const { headers } = await client.fetch({ method: 'PUT', bucket, key, query, body });
      return `<Part><PartNumber>${index + 1}</PartNumber><ETag>${String(headers['etag'])}</ETag></Part>`;
    }),
  );
  const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`);
  await client.fetch({ method: 'POST', bucket, key, query: queryOf({ uploadId }), body });
}

const keys = ['hello.txt', 'photos/été.jpg', 'film.mp4'];

async function statusOf({ client }: Demo, key: string): Promise<string> {
  const { headers } = await client.fetch({ method: 'HEAD', bucket, key });
  return String(headers['x-amz-replication-status'] ?? '–');
}

async function show(demo: Demo, { write, paint }: Stage): Promise<void> {
  write(`  ${paint('gray', 'HEAD                 x-amz-replication-status')}\n`);
  const states = await Promise.all(keys.map((key) => statusOf(demo, key)));
  for (const [index, state] of states.entries()) {
    const colour = state === 'COMPLETED' ? 'green' : 'yellow';
    write(`  ${(keys[index] ?? '').padEnd(21)}${paint(colour, state)}\n`);
  }
}

/** Waits until nothing is left to send; the caller sees what came of it. */
async function allCompleted({ sidecar }: Demo, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (sidecar.journal.counts(target).pending > 0 && performance.now() < deadline) {
    // oxlint-disable-next-line no-await-in-loop -- a person watches
    await sleep(20, undefined, { signal });
  }
}

async function proveEqual({ source, target: there }: Demo, stage: Stage): Promise<boolean> {
  const { write, paint, signal } = stage;
  let versions = 0;
  for await (const history of histories({ client: source, bucket })) {
    versions += history.versions.length;
  }
  const differences: Difference[] = [];
  for await (const difference of compareBuckets(
    { client: source, bucket },
    { client: there, bucket },
    { signal },
  )) {
    differences.push(difference);
  }
  for (const { key, what, source: ours, target: theirs } of differences) {
    write(`  ${paint('red', `${key}: ${what}: ${ours} / ${theirs}`)}\n`);
  }
  if (differences.length > 0) return false;
  write(
    `  ${paint('green', `equal: ${versions} versions`)}, with bodies, metadata, tags and markers\n`,
  );
  return true;
}
