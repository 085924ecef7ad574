// Objects that came in parts are rebuilt at the source's own boundaries, in parallel, and go on where they stopped.

import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import test from 'ava';
import type { Change } from '../../src/journal/types.ts';
import type { World } from './arrangement.ts';
import { bucket, count, essence, history, manners, world } from './arrangement.ts';

async function upload(
  { sdk, queue }: World,
  key: string,
  parts: readonly Buffer[],
  more: Partial<CreateMultipartUploadCommandInput> & { partSizes?: readonly number[] } = {},
): Promise<Change> {
  const { partSizes, ...input } = more;
  const object = { Bucket: bucket, Key: key };
  const { UploadId } = await sdk.send(new CreateMultipartUploadCommand({ ...object, ...input }));
  const sent = [];
  for (const [index, body] of parts.entries()) {
    const PartNumber = index + 1;
    // oxlint-disable-next-line no-await-in-loop -- a few parts
    const part = await sdk.send(
      new UploadPartCommand({
        ...object,
        UploadId,
        PartNumber,
        Body: body,
        ChecksumAlgorithm: input.ChecksumAlgorithm,
      }),
    );
    const { ETag, ChecksumCRC32, ChecksumSHA256, ChecksumCRC64NVME } = part;
    sent.push({ PartNumber, ETag, ChecksumCRC32, ChecksumSHA256, ChecksumCRC64NVME });
  }
  const answer = await sdk.send(
    new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload: { Parts: sent } }),
  );
  const etag = answer.ETag?.replaceAll('"', '') ?? '';
  const versionId = answer.VersionId ?? 'null';
  const sizes = partSizes === undefined ? {} : { partSizes };
  return (await queue({ kind: 'object', key, versionId, etag, ...sizes })).change;
}

const parts = Array.from({ length: 10 }, (_, index) => Buffer.alloc(1000 + index * 7, `${index}`));
const sizes = parts.map(({ length }) => length);

for (const target of manners) {
  test(`${target}: ten parts arrive with the same boundaries and ETag`, async (t) => {
    const setup = await world(t, { target });
    const { source, target: store, replicator, failures } = setup;
    await upload(setup, 'a.bin', parts, {
      partSizes: sizes,
      ContentType: 'video/x-thing',
      Metadata: { owner: 'me' },
      Tagging: 'a=1',
    });
    source.forgetRequests();
    replicator.start();
    await replicator.drain();
    t.deepEqual(await failures(), []);
    t.deepEqual(history(store, 'a.bin'), history(source, 'a.bin'));
    t.is(count(source, 'HeadObject'), 0);
    t.deepEqual(store.uploads(bucket), []);
  });

  test(`${target}: sizes that nobody wrote down are asked for part by part`, async (t) => {
    const setup = await world(t, { target });
    const { source, target: store, replicator, failures } = setup;
    await upload(setup, 'a.bin', parts);
    replicator.start();
    await replicator.drain();
    t.deepEqual(await failures(), []);
    t.deepEqual(history(store, 'a.bin'), history(source, 'a.bin'));
    t.is(count(source, 'HeadObject'), 10);
  });

  test(`${target}: where the source does not tell its parts the bytes go whole, and are compared`, async (t) => {
    const setup = await world(t, { target });
    const { source, target: store, replicator, failures } = setup;
    await upload(setup, 'a.bin', parts);
    source.faults.add(
      { operation: 'HeadObject' },
      { kind: 'error', status: 501, code: 'NotImplemented' },
      Number.POSITIVE_INFINITY,
    );
    replicator.start();
    await replicator.drain();
    t.deepEqual(await failures(), []);
    t.true(store.current(bucket, 'a.bin')?.body.equals(Buffer.concat(parts)));
  });

  for (const ChecksumAlgorithm of ['CRC32', 'SHA256', 'CRC64NVME'] as const) {
    test(`${target}: the ${ChecksumAlgorithm} checksum of an object in parts goes along`, async (t) => {
      const setup = await world(t, { target });
      const { source, target: store, replicator, failures } = setup;
      await upload(setup, 'a.bin', parts.slice(0, 3), { ChecksumAlgorithm });
      replicator.start();
      await replicator.drain();
      t.deepEqual(await failures(), []);
      t.truthy(store.current(bucket, 'a.bin')?.checksum);
      t.deepEqual(history(store, 'a.bin'), history(source, 'a.bin'));
    });
  }

  test(`${target}: an upload that was cut goes on where it was, and leaves none behind`, async (t) => {
    const setup = await world(t, { target });
    const { source, target: store, replicator, drained, failedCodes } = setup;
    await upload(setup, 'a.bin', parts, { partSizes: sizes });
    store.faults.add({ operation: 'UploadPart', skip: 6 }, { kind: 'cut', point: 'before' });
    replicator.start();
    await drained();
    t.true(failedCodes.length > 0);
    t.is(count(store, 'CreateMultipartUpload'), target === 's3' ? 2 : 1);
    t.true(count(store, 'UploadPart') < 20, `${count(store, 'UploadPart')} parts were sent`);
    t.deepEqual(history(store, 'a.bin'), history(source, 'a.bin'));
    t.deepEqual(store.uploads(bucket), []);
  });

  test(`${target}: an upload goes on after a restart`, async (t) => {
    const setup = await world(t, { target });
    const { source, target: store, replicator, restart } = setup;
    await upload(setup, 'a.bin', parts, { partSizes: sizes });
    const held = store.faults.hold({ operation: 'UploadPart', skip: 6 }, 'before', 100);
    replicator.start();
    await held.reached;
    await setup.replicator.close();
    held.remove();
    held.release();
    const sent = count(store, 'UploadPart');
    const again = await restart();
    again.start();
    await again.drain();
    await setup.drained();
    t.deepEqual(history(store, 'a.bin'), history(source, 'a.bin'));
    t.true(count(store, 'UploadPart') - sent < 10);
    t.deepEqual(store.uploads(bucket), []);
  });

  test(`${target}: an upload that vanished at the target begins anew`, async (t) => {
    const setup = await world(t, { target });
    const { source, target: store, replicator, drained } = setup;
    await upload(setup, 'a.bin', parts, { partSizes: sizes });
    store.faults.add(
      { operation: 'UploadPart', skip: 3 },
      { kind: 'error', status: 404, code: 'NoSuchUpload' },
    );
    replicator.start();
    await drained();
    t.deepEqual(history(store, 'a.bin'), history(source, 'a.bin'));
    t.deepEqual(store.uploads(bucket), []);
  });

  test(`${target}: a completion whose answer is lost makes one object`, async (t) => {
    const setup = await world(t, { target });
    const { source, target: store, replicator, drained } = setup;
    await upload(setup, 'a.bin', parts, { partSizes: sizes });
    store.faults.add({ operation: 'CompleteMultipartUpload' }, { kind: 'cut', point: 'after' });
    replicator.start();
    await drained();
    t.deepEqual(history(store, 'a.bin'), history(source, 'a.bin'));
    t.is(count(store, 'CompleteMultipartUpload'), 1);
    t.deepEqual(store.uploads(bucket), []);
  });

  test(`${target}: a completion that says 200 and tells of an error is no success`, async (t) => {
    const setup = await world(t, { target });
    const { source, target: store, replicator, drained, failedCodes } = setup;
    await upload(setup, 'a.bin', parts, { partSizes: sizes });
    store.faults.add(
      { operation: 'CompleteMultipartUpload' },
      { kind: 'ok-with-error', code: 'InternalError' },
    );
    replicator.start();
    await drained();
    t.deepEqual(failedCodes, ['InternalError']);
    t.deepEqual(history(store, 'a.bin'), history(source, 'a.bin'));
    t.deepEqual(store.uploads(bucket), []);
  });

  test(`${target}: an upload of what is gone at the source is aborted`, async (t) => {
    const setup = await world(t, { target });
    const { target: store, sdk, replicator, drained } = setup;
    const { versionId } = await upload(setup, 'a.bin', parts, { partSizes: sizes });
    const { DeleteObjectCommand } = await import('@aws-sdk/client-s3');
    const held = store.faults.hold({ operation: 'UploadPart', skip: 2 }, 'before', 100);
    replicator.start();
    await held.reached;
    const name = { Bucket: bucket, Key: 'a.bin', VersionId: versionId };
    await sdk.send(new DeleteObjectCommand(name));
    held.remove();
    held.release();
    await drained();
    t.deepEqual(store.uploads(bucket), []);
    t.deepEqual(store.keys(bucket), []);
  });

  test(`${target}: parts too small for the target are parked with its reason`, async (t) => {
    const setup = await world(t, { target, targetPartSizeMin: 5000 });
    const { target: store, replicator, failures } = setup;
    await upload(setup, 'a.bin', parts, { partSizes: sizes });
    replicator.start();
    await replicator.drain();
    const [failure] = await failures();
    t.is(failure?.state, 'parked');
    t.is(failure?.failure?.code, 'EntityTooSmall');
    t.deepEqual(store.uploads(bucket), []);
  });

  test(`${target}: parts that are streamed arrive whole`, async (t) => {
    const setup = await world(t, { target });
    const { source, target: store, replicator, failures } = setup;
    const big = [Buffer.alloc(9 * 1024 * 1024, 'ab'), Buffer.alloc(5_000_001, 'c')];
    await upload(setup, 'a.bin', big, { partSizes: big.map(({ length }) => length) });
    replicator.start();
    await replicator.drain();
    t.deepEqual(await failures(), []);
    const [copy, origin] = [store.current(bucket, 'a.bin'), source.current(bucket, 'a.bin')];
    t.true(copy !== undefined && origin !== undefined);
    if (copy !== undefined && origin !== undefined) {
      t.true(copy.body.equals(origin.body));
      t.is(copy.etag, origin.etag);
      t.deepEqual(Object.keys(essence(copy)), Object.keys(essence(origin)));
    }
  });
}
