// PutObject and CopyObject, and MinIO's copy onto the very same version that only changes metadata.

import { xmlElement } from '../s3/xml.ts';
import type { Answer } from './answer.ts';
import { emptyAnswer, xmlAnswer } from './answer.ts';
import { checkWriteConditions, evaluate, readConditions } from './conditions.ts';
import type { Content } from './content.ts';
import { contentHash } from './content.ts';
import { checkLockedHasDigest, commitVersion, readDraft, versionLines } from './draft.ts';
import { findBucket } from './find.ts';
import { isVersionId } from './ids.ts';
import { lockOfHeaders } from './locks.ts';
import type {
  Bucket,
  Line,
  ObjectDraft,
  ObjectVersion,
  StoredChecksum,
  StoreState,
} from './model.ts';
import { isNewer, isReplicationRequest, readDictated } from './replicator.ts';
import type { RequestHead, StoreRequest } from './request.ts';
import { decodePath } from './request.ts';
import { checksumLines, contentChecksum } from './request-body.ts';
import { StoreError } from './store-error.ts';
import { tagsOfHeader } from './tags.ts';

export function putObject(state: StoreState, request: StoreRequest): Answer {
  const bucket = findBucket(state, request.bucket);
  checkWriteConditions(state.manner, request.headers, bucket.keys.current(request.key));
  const draft = readDraft(state, bucket, request);
  checkLockedHasDigest(state, request, draft, request.checksum);
  const version = commitVersion(state, bucket, request.key, {
    draft,
    bytes: { content: request.content, checksum: request.checksum },
  });
  return emptyAnswer(200, [
    ['ETag', `"${version.etag}"`],
    ...versionLines(bucket, version),
    ...checksumLines(version.checksum),
    ...encryptionLines(version),
  ]);
}

function encryptionLines(version: ObjectVersion): readonly Line[] {
  return version.headers.filter(([name]) => name.startsWith('x-amz-server-side-encryption'));
}

export interface CopySource {
  readonly bucket: Bucket;
  readonly version: ObjectVersion;
  readonly isVersionNamed: boolean;
}

/** Reads `x-amz-copy-source` and its conditions. */
export function findCopySource(state: StoreState, request: RequestHead): CopySource {
  const text = request.headers.get('x-amz-copy-source') ?? '';
  const question = text.indexOf('?versionId=');
  const path = decodePath(question === -1 ? text : text.slice(0, question)).replace(/^\//, '');
  const versionId = question === -1 ? undefined : text.slice(question + '?versionId='.length);
  const slash = path.indexOf('/');
  if (slash < 1 || slash === path.length - 1) {
    throw new StoreError('InvalidArgument', 'Copy Source must mention the source bucket and key');
  }
  const bucket = findBucket(state, path.slice(0, slash));
  const version = sourceVersion(state, bucket, path.slice(slash + 1), versionId);
  const conditions = readConditions(request.headers, 'x-amz-copy-source-');
  if (evaluate(conditions, version) !== 'holds') throw new StoreError('PreconditionFailed');
  return { bucket, version, isVersionNamed: versionId !== undefined };
}

function sourceVersion(
  state: StoreState,
  bucket: Bucket,
  key: string,
  versionId: string | undefined,
): ObjectVersion {
  if (versionId === undefined) {
    const current = bucket.keys.current(key);
    if (current === undefined || current.marker) throw new StoreError('NoSuchKey');
    return current;
  }
  if (!isVersionId(state.manner, versionId)) {
    throw new StoreError('InvalidArgument', 'Invalid version id specified');
  }
  const version = bucket.keys.version(key, versionId);
  if (version === undefined) throw new StoreError('NoSuchVersion');
  if (!version.marker) return version;
  throw new StoreError(
    'InvalidRequest',
    'The source of a copy request may not specifically refer to a delete marker by version id.',
  );
}

export function copyObject(state: StoreState, request: StoreRequest): Answer {
  const bucket = findBucket(state, request.bucket);
  const source = findCopySource(state, request);
  if (isMetadataCopy(state, bucket, request, source)) {
    return copyResult(bucket, source, updateVersion(state, bucket, request, source.version));
  }
  checkWriteConditions(state.manner, request.headers, bucket.keys.current(request.key));
  checkCopyChanges(bucket, request, source);
  const draft = copyDraft(readDraft(state, bucket, request), request, source.version);
  const { content } = source.version;
  const version = commitVersion(state, bucket, request.key, {
    draft,
    bytes: {
      content,
      etag: contentHash(content, 'md5', 'hex'),
      checksum: copiedChecksum(source.version, content),
    },
  });
  return copyResult(bucket, source, version);
}

function directive(request: RequestHead, name: string): 'COPY' | 'REPLACE' {
  const value = request.headers.get(name) ?? 'COPY';
  if (value === 'COPY' || value === 'REPLACE') return value;
  throw new StoreError('InvalidArgument', `Unknown ${name}: ${value}`);
}

function copyDraft(draft: ObjectDraft, request: RequestHead, source: ObjectVersion): ObjectDraft {
  const isMetadataCopied = directive(request, 'x-amz-metadata-directive') === 'COPY';
  const areTagsCopied = directive(request, 'x-amz-tagging-directive') === 'COPY';
  return {
    ...draft,
    headers: isMetadataCopied ? source.headers : draft.headers,
    tags: areTagsCopied ? source.tags : draft.tags,
  };
}

/** Onto itself a copy must change something, else S3 refuses it. */
function checkCopyChanges(bucket: Bucket, request: RequestHead, source: CopySource): void {
  const isOnItself =
    source.bucket === bucket && source.version.key === request.key && !source.isVersionNamed;
  const changes =
    directive(request, 'x-amz-metadata-directive') === 'REPLACE' ||
    directive(request, 'x-amz-tagging-directive') === 'REPLACE' ||
    request.headers.get('x-amz-storage-class') !== undefined ||
    request.headers.get('x-amz-server-side-encryption') !== undefined ||
    request.headers.get('x-amz-website-redirect-location') !== undefined;
  if (isOnItself && !changes) {
    throw new StoreError(
      'InvalidRequest',
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    );
  }
}

/** A copy has one checksum over all of it, by the source's algorithm. */
function copiedChecksum(source: ObjectVersion, content: Content): StoredChecksum | undefined {
  const { checksum } = source;
  if (checksum === undefined || checksum.type === 'FULL_OBJECT') return checksum;
  const { algorithm } = checksum;
  return { algorithm, type: 'FULL_OBJECT', value: contentChecksum(algorithm, content) };
}

function copyResult(bucket: Bucket, source: CopySource, version: ObjectVersion): Answer {
  const lines: Line[] = [...versionLines(bucket, version)];
  if (source.bucket.versioning !== 'off') {
    lines.push(['x-amz-copy-source-version-id', source.version.versionId]);
  }
  return xmlAnswer(
    'CopyObjectResult',
    [
      xmlElement('LastModified', new Date(version.lastModified).toISOString()),
      xmlElement('ETag', `"${version.etag}"`),
      ...(version.checksum === undefined
        ? []
        : [
            xmlElement(`Checksum${version.checksum.algorithm}`, version.checksum.value),
            xmlElement('ChecksumType', version.checksum.type),
          ]),
    ],
    lines,
  );
}

/** A replicator's copy of a version onto itself: MinIO's way to carry tags, retention and legal hold. */
function isMetadataCopy(
  state: StoreState,
  bucket: Bucket,
  request: RequestHead,
  source: CopySource,
): boolean {
  return (
    isReplicationRequest(state, request) &&
    source.bucket === bucket &&
    source.version.key === request.key &&
    request.query.get('versionId')?.toLowerCase() === source.version.versionId
  );
}

/** What is older than what is there stays away; user metadata and content headers are not touched. */
function updateVersion(
  state: StoreState,
  bucket: Bucket,
  request: RequestHead,
  version: ObjectVersion,
): ObjectVersion {
  const dictated = readDictated(state, bucket, request);
  const lock = lockOfHeaders(bucket, request.headers, state.now());
  const { originTimes } = version;
  const tagsMayChange =
    directive(request, 'x-amz-tagging-directive') === 'REPLACE' &&
    (dictated.originTimes.tagging ?? Infinity) >= (originTimes.tagging ?? 0);
  if (tagsMayChange) version.tags = tagsOfHeader(request.headers.get('x-amz-tagging'));
  if (isNewer(dictated.originTimes.retention, originTimes.retention)) {
    version.retention = lock.retention ?? version.retention;
  }
  if (isNewer(dictated.originTimes.legalHold, originTimes.legalHold)) {
    version.legalHold = lock.legalHold ?? version.legalHold;
  }
  version.originTimes = { ...originTimes, ...dictated.originTimes };
  version.replicationStatus = dictated.replicationStatus ?? version.replicationStatus;
  return version;
}
