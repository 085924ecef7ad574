// Targets that take no notice of what MinIO's dialect asks: found out by their answers, never by a banner.

import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { credentials, world } from './arrangement.ts';

/** A store of one bucket that only knows PUT, and gives each version the id that `mint` says. */
async function startTarget(
  t: ExecutionContext,
  mint: (request: IncomingMessage) => string | undefined,
): Promise<{ url: string; targets: string[] }> {
  const targets: string[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const sum = createHash('md5');
    request.on('data', (piece: Buffer) => sum.update(piece));
    request.on('end', () => {
      targets.push(`${request.method} ${request.url}`);
      const id = mint(request);
      response.writeHead(200, {
        etag: `"${sum.digest('hex')}"`,
        ...(id === undefined ? {} : { 'x-amz-version-id': id }),
      });
      response.end();
    });
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
  return { url: `http://127.0.0.1:${port}`, targets };
}

const idIn = (request: IncomingMessage): string =>
  /versionId=([^&]+)/.exec(request.url ?? '')?.[1] ?? 'none';

test('a target that ignores the id is found out by its answer, and its id is mapped', async (t) => {
  const { url, targets } = await startTarget(t, () => 'minted-1');
  const endpoint = { url, region: 'us-east-1', credentials };
  const { put, replicator, status } = await world(t, { options: { endpoint } });
  const change = await put('a.txt', 'one');
  replicator.start();
  await replicator.drain();
  t.is((await status(change))?.state, 'COMPLETED');
  t.is((await status(change))?.targetVersionId, 'minted-1');
  t.is(replicator.runtime()[0]?.dialect, 's3');
  await put('b.txt', 'two');
  await replicator.drain();
  t.deepEqual(targets, [`PUT /photos/a.txt?versionId=${change.versionId}`, 'PUT /photos/b.txt']);
});

test('a target that stops keeping ids is noticed, and its ids are mapped from then on', async (t) => {
  const minted = randomUUID();
  let keeps = true;
  const { url } = await startTarget(t, (request) => (keeps ? idIn(request) : minted));
  const endpoint = { url, region: 'us-east-1', credentials };
  const warnings: string[] = [];
  const { put, replicator, status } = await world(t, {
    options: { endpoint },
    replicator: {
      log: { info: () => {}, warn: (_fields, message) => warnings.push(message), error: () => {} },
    },
  });
  const first = await put('a.txt', 'one');
  replicator.start();
  await replicator.drain();
  t.is(replicator.runtime()[0]?.dialect, 'minio');
  t.is((await status(first))?.targetVersionId, undefined);
  keeps = false;
  const second = await put('b.txt', 'two');
  await replicator.drain();
  t.is((await status(second))?.targetVersionId, minted);
  t.is(replicator.runtime()[0]?.dialect, 's3');
  t.regex(warnings.join('\n'), /does not keep version ids/);
});

test('a target without versions names no id, and gets the latest state', async (t) => {
  const { url } = await startTarget(t, () => undefined);
  const endpoint = { url, region: 'us-east-1', credentials };
  const { put, replicator, status } = await world(t, { options: { endpoint } });
  const change = await put('a.txt', 'one');
  replicator.start();
  await replicator.drain();
  t.is((await status(change))?.targetVersionId, 'null');
});
