// From the headers of a PUT, an initiation or a copy to what the new version will be, and from there to the version.

import type { Content } from './content.ts';
import { contentHash } from './content.ts';
import { mintVersionId } from './ids.ts';
import { defaultRetention, lockOfHeaders } from './locks.ts';
import type {
  Bucket,
  Line,
  ObjectDraft,
  ObjectVersion,
  StoredChecksum,
  StoredPart,
  StoreState,
} from './model.ts';
import type { Dictated } from './replicator.ts';
import { checkNotThere, readDictated } from './replicator.ts';
import type { Headers, RequestHead } from './request.ts';
import { StoreError } from './store-error.ts';
import { tagsOfHeader } from './tags.ts';

const contentHeaders = [
  'content-type',
  'content-language',
  'content-disposition',
  'cache-control',
  'expires',
  'x-amz-website-redirect-location',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
];

const metadataBytesMax = 2048;
const keyBytesMax = 1024;

export function readDraft(state: StoreState, bucket: Bucket, request: RequestHead): ObjectDraft {
  const { headers } = request;
  checkKey(request.key);
  if (headers.get('x-amz-server-side-encryption-customer-algorithm') !== undefined) {
    throw new StoreError('NotImplemented', 'The store keeps nothing encrypted by customer keys.');
  }
  const dictated = readDictated(state, bucket, request);
  checkNotThere(bucket, request.key, dictated);
  const lock = lockOfHeaders(bucket, headers, state.now());
  const isReplica = dictated.replicationStatus === 'REPLICA';
  return {
    headers: keptHeaders(headers),
    storageClass: headers.get('x-amz-storage-class') ?? 'STANDARD',
    tags: tagsOfHeader(headers.get('x-amz-tagging')),
    retention: lock.retention ?? (isReplica ? undefined : defaultRetention(bucket, state.now())),
    legalHold: lock.legalHold,
    ...dictated,
  };
}

/** S3 takes a locked object only with a digest of its bytes. */
export function checkLockedHasDigest(
  state: StoreState,
  request: RequestHead,
  draft: ObjectDraft,
  checksum: StoredChecksum | undefined,
): void {
  const isLocked = draft.retention !== undefined || draft.legalHold !== undefined;
  if (state.manner !== 's3' || !isLocked) return;
  if (checksum !== undefined || request.headers.get('content-md5') !== undefined) return;
  throw new StoreError(
    'InvalidRequest',
    'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
  );
}

export function checkKey(key: string): void {
  if (Buffer.byteLength(key) > keyBytesMax) throw new StoreError('KeyTooLongError');
}

export function keptHeaders(headers: Headers): readonly Line[] {
  const metadata = headers.startingWith('x-amz-meta-');
  let metadataBytes = 0;
  for (const [name, value] of metadata) {
    metadataBytes += name.length - 'x-amz-meta-'.length + value.length;
  }
  if (metadataBytes > metadataBytesMax) throw new StoreError('MetadataTooLarge');
  const kept: Line[] = [];
  for (const name of contentHeaders) {
    const value = headers.get(name);
    if (value !== undefined) kept.push([name, value]);
  }
  if (!kept.some(([name]) => name === 'content-type')) {
    kept.push(['content-type', 'binary/octet-stream']);
  }
  const encoding = contentEncoding(headers.get('content-encoding'));
  if (encoding !== undefined) kept.push(['content-encoding', encoding]);
  return [...kept, ...metadata];
}

/** `aws-chunked` is about the transfer, the rest about the object. */
function contentEncoding(value: string | undefined): string | undefined {
  if (value === undefined || !value.includes('aws-chunked')) return value;
  const rest = value
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== 'aws-chunked' && coding !== '');
  return rest.length === 0 ? undefined : rest.join(',');
}

export interface VersionBytes {
  readonly content: Content;
  /** Computed where the caller has none. */
  readonly etag?: string;
  readonly checksum: StoredChecksum | undefined;
  readonly parts?: readonly StoredPart[];
}

/** Makes the version and puts it in its place; from here on it is committed. */
export function commitVersion(
  state: StoreState,
  bucket: Bucket,
  key: string,
  made: { readonly draft: ObjectDraft; readonly bytes: VersionBytes },
): ObjectVersion {
  const { draft, bytes } = made;
  const version: ObjectVersion = {
    marker: false,
    key,
    versionId: newVersionId(state, bucket, draft),
    content: bytes.content,
    etag: draft.etag ?? bytes.etag ?? contentHash(bytes.content, 'md5', 'hex'),
    lastModified: draft.lastModified ?? state.now(),
    headers: draft.headers,
    storageClass: draft.storageClass,
    checksum: bytes.checksum,
    parts: bytes.parts,
    tags: draft.tags,
    retention: draft.retention,
    legalHold: draft.legalHold,
    replicationStatus: draft.replicationStatus,
    originTimes: draft.originTimes,
  };
  bucket.keys.add(version);
  return version;
}

export function newVersionId(
  state: StoreState,
  bucket: Bucket,
  dictated: Pick<Dictated, 'versionId'>,
): string {
  if (bucket.versioning !== 'enabled') return 'null';
  return dictated.versionId ?? mintVersionId(state.manner);
}

/** The line that names the version, on buckets that have or had versioning. */
export function versionLines(bucket: Bucket, version: ObjectVersion): readonly Line[] {
  return bucket.versioning === 'off' ? [] : [['x-amz-version-id', version.versionId]];
}
