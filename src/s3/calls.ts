// The S3 calls that the sidecar itself makes for what it must know: versions of keys, tags, parts, versioning.
// Each is named as in the S3 API reference. Moving objects is the replication's own affair.

import { SidecarError } from '../errors.ts';
import type { HeaderPair, S3Client } from './client.ts';
import { s3Error } from './client.ts';
import { provesAbsence, S3Error } from './errors.ts';
import { decodePath, queryOf } from './path.ts';
import type { XmlElement } from './xml.ts';
import { childOf, childrenOf, escapeXml, parseXml, textOf } from './xml.ts';

/** The sidecar's own looks must be answered by the store itself, never by a peer behind it (minio-semantics 2.2). */
export const ownLook: HeaderPair = { name: 'x-minio-source-proxy-request', value: 'false' };

export interface VersionEntry {
  readonly key: string;
  readonly versionId: string;
  readonly latest: boolean;
  readonly marker: boolean;
  /** ms since the epoch. */
  readonly lastModified: number;
  /** Without quotes; '' for markers. */
  readonly etag: string;
  readonly size: number;
}

export interface VersionPage {
  /** As listed: keys in UTF-8 order, of each key the newest version first. */
  readonly entries: readonly VersionEntry[];
  readonly next?: { readonly keyMarker: string; readonly versionIdMarker: string };
}

export interface VersionQuery {
  readonly bucket: string;
  readonly prefix: string;
  readonly keyMarker?: string;
  readonly versionIdMarker?: string;
  readonly maxKeys?: number;
  readonly signal?: AbortSignal;
}

/** ListObjectVersions, one page. */
export async function listObjectVersions(
  client: S3Client,
  query: VersionQuery,
): Promise<VersionPage> {
  const { bytes } = await client.fetch({
    method: 'GET',
    bucket: query.bucket,
    query: queryOf({
      versions: true,
      prefix: query.prefix,
      'encoding-type': 'url',
      'max-keys': query.maxKeys ?? 1000,
      'key-marker': query.keyMarker,
      'version-id-marker': query.versionIdMarker,
    }),
    ...(query.signal === undefined ? {} : { signal: query.signal }),
  });
  const root = expectRoot(bytes, 'ListVersionsResult');
  const decode = textOf(root, 'EncodingType') === 'url' ? decodeListed : (text: string) => text;
  const entries = root.children
    .filter((child) => child.name === 'Version' || child.name === 'DeleteMarker')
    .map((child) => versionEntry(child, decode));
  if (textOf(root, 'IsTruncated') !== 'true') return { entries };
  return {
    entries,
    next: {
      keyMarker: decode(textOf(root, 'NextKeyMarker') ?? ''),
      versionIdMarker: textOf(root, 'NextVersionIdMarker') ?? '',
    },
  };
}

function versionEntry(element: XmlElement, decode: (text: string) => string): VersionEntry {
  const etag = textOf(element, 'ETag') ?? '';
  return {
    key: decode(textOf(element, 'Key') ?? ''),
    versionId: textOf(element, 'VersionId') ?? 'null',
    latest: textOf(element, 'IsLatest') === 'true',
    marker: element.name === 'DeleteMarker',
    lastModified: Date.parse(textOf(element, 'LastModified') ?? ''),
    etag: etag.replaceAll('"', ''),
    size: Number(textOf(element, 'Size') ?? 0),
  };
}

/** In listings a plus sign is a space (it is form encoding), unlike in paths. */
function decodeListed(text: string): string {
  return decodePath(text.replaceAll('+', ' ')) ?? text;
}

/** All versions of exactly this key, newest first, at most `max`; longer histories are refused. */
export async function versionsOfKey(
  client: S3Client,
  { bucket, key, signal }: { bucket: string; key: string; signal?: AbortSignal },
  max = 100_000,
): Promise<readonly VersionEntry[]> {
  const found: VersionEntry[] = [];
  let from: { keyMarker?: string; versionIdMarker?: string } = {};
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- each page names where the next begins
    const page = await listObjectVersions(client, {
      bucket,
      prefix: key,
      ...from,
      ...(signal === undefined ? {} : { signal }),
    });
    for (const entry of page.entries) if (entry.key === key) found.push(entry);
    // The key itself sorts before all keys that it is a prefix of.
    const passed = page.entries.some((entry) => entry.key !== key);
    if (page.next === undefined || passed) return found;
    if (found.length > max) {
      throw new SidecarError(`/${bucket}/${key} has more than ${max} versions`, {
        code: 'too-many-versions',
        retryable: false,
      });
    }
    from = page.next;
  }
}

/**
 * Whether the object, or the version, is there; throws on all that neither shows nor proves it away. Asked with GET,
 * because a HEAD that fails names no code, and a bare 404 proves nothing.
 */
export async function hasObject(
  client: S3Client,
  object: { bucket: string; key: string; versionId?: string | undefined; signal?: AbortSignal },
): Promise<boolean> {
  try {
    const answer = await client.send({
      method: 'GET',
      bucket: object.bucket,
      key: object.key,
      query: queryOf({ versionId: object.versionId }),
      headers: [ownLook, { name: 'range', value: 'bytes=0-0' }],
      ...(object.signal === undefined ? {} : { signal: object.signal }),
    });
    // A body that is let go of before its end says so by an error, which nobody else would take.
    answer.body.on('error', () => {});
    answer.body.destroy();
    return true;
  } catch (error) {
    if (provesAbsence(error)) return false;
    // An empty object has no byte 0 to give.
    if (error instanceof S3Error && error.status === 416) return true;
    throw error;
  }
}

export type VersioningState = 'Enabled' | 'Suspended' | 'Off';

/** GetBucketVersioning. */
export async function getBucketVersioning(
  client: S3Client,
  bucket: string,
): Promise<VersioningState> {
  const { bytes } = await client.fetch({ method: 'GET', bucket, query: 'versioning' });
  const status = textOf(expectRoot(bytes, 'VersioningConfiguration'), 'Status');
  return status === 'Enabled' || status === 'Suspended' ? status : 'Off';
}

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** GetObjectTagging. */
export async function getObjectTagging(
  client: S3Client,
  object: { bucket: string; key: string; versionId?: string; signal?: AbortSignal },
): Promise<readonly Tag[]> {
  const { bytes } = await client.fetch({
    method: 'GET',
    bucket: object.bucket,
    key: object.key,
    query: queryOf({ tagging: true, versionId: object.versionId }),
    headers: [ownLook],
    ...(object.signal === undefined ? {} : { signal: object.signal }),
  });
  const set = childOf(expectRoot(bytes, 'Tagging'), 'TagSet');
  if (set === undefined) return [];
  return childrenOf(set, 'Tag').map((tag) => ({
    key: textOf(tag, 'Key') ?? '',
    value: textOf(tag, 'Value') ?? '',
  }));
}

/** The body of PutObjectTagging. */
export function taggingXml(tags: readonly Tag[]): Buffer {
  const set = tags
    .map(
      ({ key, value }) =>
        `<Tag><Key>${escapeXml(key)}</Key><Value>${escapeXml(value)}</Value></Tag>`,
    )
    .join('');
  return Buffer.from(
    `<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet>${set}</TagSet></Tagging>`,
  );
}

export interface Part {
  readonly number: number;
  readonly size: number;
  readonly etag: string;
}

/** ListParts, all pages: at most 10,000 parts (S3's own limit). */
export async function listParts(
  client: S3Client,
  upload: { bucket: string; key: string; uploadId: string; signal?: AbortSignal },
): Promise<readonly Part[]> {
  const parts: Part[] = [];
  let marker: string | undefined;
  for (let page = 0; page < 100; page += 1) {
    // oxlint-disable-next-line no-await-in-loop -- each page names where the next begins
    const { bytes } = await client.fetch({
      method: 'GET',
      bucket: upload.bucket,
      key: upload.key,
      query: queryOf({ uploadId: upload.uploadId, 'part-number-marker': marker }),
      ...(upload.signal === undefined ? {} : { signal: upload.signal }),
    });
    const root = expectRoot(bytes, 'ListPartsResult');
    for (const part of childrenOf(root, 'Part')) {
      parts.push({
        number: Number(textOf(part, 'PartNumber')),
        size: Number(textOf(part, 'Size')),
        etag: (textOf(part, 'ETag') ?? '').replaceAll('"', ''),
      });
    }
    if (textOf(root, 'IsTruncated') !== 'true') break;
    marker = textOf(root, 'NextPartNumberMarker');
  }
  return parts;
}

/** The root of an answer; an `<Error>` in a 200 is thrown as the S3Error it is. */
export function expectRoot(bytes: Buffer, name: string): XmlElement {
  const root = parseXml(bytes);
  if (root.name === name) return root;
  if (root.name === 'Error') throw s3Error(bytes, { status: 200, headers: {} }, name);
  throw new SidecarError(`the store answered <${root.name}> where <${name}> was expected`, {
    code: 'nonsense',
    retryable: true,
  });
}
