// A source whose bytes are not what their ETag says: nothing of it becomes a COMPLETED object.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { S3Client } from '../../src/s3/client.ts';
import { bucket, credentials, manners, world } from './arrangement.ts';

const versionId = '11111111-2222-4333-8444-555555555555';

/** Serves `body` under an ETag that is not its own. */
async function startSource(
  t: ExecutionContext,
  { body, etag }: { readonly body: Buffer; readonly etag: string },
): Promise<S3Client> {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    const start = Number(range?.[1] ?? 0);
    const end = Number(range?.[2] ?? body.length - 1) + 1;
    response.writeHead(range === null ? 200 : 206, {
      etag: `"${etag}"`,
      'last-modified': 'Mon, 01 Dec 2025 12:00:00 GMT',
      'x-amz-version-id': versionId,
      'content-length': end - start,
    });
    response.end(request.method === 'HEAD' ? undefined : body.subarray(start, end));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  const { port } = server.address() as AddressInfo;
  const client = new S3Client({
    url: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials,
  });
  t.teardown(() => client.close());
  return client;
}

const wrong = '0123456789abcdef0123456789abcdef';
const slow = { minMs: 60_000, maxMs: 60_000 };

for (const target of manners) {
  for (const size of [100, 9 * 1024 * 1024]) {
    test(`${target}: ${size} bytes that do not make their ETag are refused`, async (t) => {
      const source = await startSource(t, { body: Buffer.alloc(size, 'x'), etag: wrong });
      const setup = await world(t, {
        target,
        options: { dialect: target },
        replicator: { source, retry: slow },
      });
      const { target: store, queue, replicator, failures } = setup;
      await queue({ kind: 'object', key: 'a.bin', versionId, etag: wrong });
      replicator.start();
      await replicator.drain();
      t.regex((await failures())[0]?.failure?.code ?? '', /^(source-corrupt|BadDigest)$/);
      t.deepEqual(store.keys(bucket), []);
    });
  }

  test(`${target}: parts that do not make their ETag never become an object`, async (t) => {
    const etag = `${wrong}-2`;
    const source = await startSource(t, { body: Buffer.alloc(1000, 'x'), etag });
    const setup = await world(t, {
      target,
      options: { dialect: target },
      replicator: { source, retry: slow },
    });
    const { target: store, queue, replicator, failures } = setup;
    await queue({ kind: 'object', key: 'a.bin', versionId, etag, partSizes: [600, 400] });
    replicator.start();
    await replicator.drain();
    t.is((await failures())[0]?.failure?.code, 'source-corrupt');
    t.deepEqual(store.keys(bucket), []);
    t.deepEqual(store.uploads(bucket), []);
  });
}
