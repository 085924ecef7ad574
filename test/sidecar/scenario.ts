// What a client may do to a bucket, as requests through the sidecar.

import { createHash } from 'node:crypto';
import { taggingXml } from '../../src/s3/calls.ts';
import type { S3Client } from '../../src/s3/client.ts';
import { queryOf } from '../../src/s3/path.ts';
import { parseXml, textOf } from '../../src/s3/xml.ts';

/** Anything with a client that goes through the sidecar. */
export interface Through {
  readonly client: S3Client;
  /** `bucket` where it is not named. */
  readonly bucket?: string;
  /** A key as odd as the stores take it (MinIO refuses empty segments). */
  readonly oddKey?: string;
  /** The value of x-amz-tagging (MinIO takes ASCII only). */
  readonly tagging?: string;
}

export async function put(
  { client, bucket = 'bucket' }: Through,
  key: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Record<string, string | string[] | undefined>> {
  const lines = Object.entries(headers).map(([name, value]) => ({ name, value }));
  const answer = await client.fetch({
    method: 'PUT',
    bucket,
    key,
    body: Buffer.from(body),
    headers: lines,
  });
  return answer.headers;
}

export async function head(
  { client, bucket = 'bucket' }: Through,
  key: string,
  versionId?: string,
): Promise<Record<string, string | string[] | undefined>> {
  const answer = await client.fetch({ method: 'HEAD', bucket, key, query: queryOf({ versionId }) });
  return answer.headers;
}

export async function multipart(
  { client, bucket = 'bucket' }: Through,
  key: string,
  sizes: readonly number[],
): Promise<string> {
  const begun = await client.fetch({ method: 'POST', bucket, key, query: 'uploads' });
  const uploadId = textOf(parseXml(begun.bytes), 'UploadId') ?? '';
  const parts = await Promise.all(
    sizes.map(async (size, index) => {
      const query = queryOf({ partNumber: index + 1, uploadId });
      const body = Buffer.alloc(size, index + 1);
      const { headers } = await client.fetch({ method: 'PUT', bucket, key, query, body });
      return `<Part><PartNumber>${index + 1}</PartNumber><ETag>${String(headers['etag'])}</ETag></Part>`;
    }),
  );
  const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`);
  const done = await client.fetch({
    method: 'POST',
    bucket,
    key,
    query: queryOf({ uploadId }),
    body,
  });
  return textOf(parseXml(done.bytes), 'ETag') ?? '';
}

/** Every kind of write; parts are as large as stores want them. */
export async function everyKindOfWrite(site: Through, partBytes: number): Promise<void> {
  const { client, bucket = 'bucket', oddKey = 'dir//odd ..+%é😀', tagging = 'a=1&b=%C3%A9' } = site;
  await put(site, 'a.txt', 'one', { 'content-type': 'text/plain', 'x-amz-meta-who': 'me' });
  await put(site, 'a.txt', 'two', { 'cache-control': 'no-cache' });
  await put(site, oddKey, 'odd');
  await put(site, 'empty', '');
  await put(site, 'tagged', 'tags', { 'x-amz-tagging': tagging });
  await multipart(site, 'film', [partBytes, partBytes, 77]);
  const source = [{ name: 'x-amz-copy-source', value: `/${bucket}/a.txt` }];
  await client.fetch({ method: 'PUT', bucket, key: 'copy', headers: source });
  const body = taggingXml([{ key: 'late', value: 'yes' }]);
  await client.fetch({ method: 'PUT', bucket, key: 'a.txt', query: 'tagging', body });
  await client.fetch({ method: 'DELETE', bucket, key: 'tagged' });
  const objects = ['empty', 'copy'].map((key) => `<Object><Key>${key}</Key></Object>`).join('');
  await deleteObjects(site, `<Delete><Quiet>true</Quiet>${objects}</Delete>`);
}

/** DeleteObjects; S3 insists on a checksum. */
export async function deleteObjects(
  { client, bucket = 'bucket' }: Through,
  xml: string,
): Promise<void> {
  const body = Buffer.from(xml);
  const headers = [{ name: 'content-md5', value: createHash('md5').update(body).digest('base64') }];
  await client.fetch({ method: 'POST', bucket, query: 'delete', body, headers });
}
