// DeleteObject and DeleteObjects: markers, version deletes, locks; and MinIO's replicated delete of a marker, which
// makes it where it is missing and removes it where it is.

import type { XmlPiece } from '../s3/xml.ts';
import { childrenOf, textOf, xmlElement } from '../s3/xml.ts';
import type { Answer } from './answer.ts';
import { emptyAnswer, xmlAnswer } from './answer.ts';
import { checkWriteConditions, etagMatches } from './conditions.ts';
import { Content } from './content.ts';
import { checkKey, newVersionId } from './draft.ts';
import { findBucket, requestedVersionId } from './find.ts';
import { isVersionId } from './ids.ts';
import { checkDelete } from './locks.ts';
import type { Bucket, Line, ObjectVersion, StoreState } from './model.ts';
import type { Dictated } from './replicator.ts';
import { isReplicationRequest, readDictated } from './replicator.ts';
import type { StoreRequest } from './request.ts';
import { StoreError } from './store-error.ts';
import { readXml } from './tags.ts';

/** What became of one key. */
export interface Deletion {
  /** Named in the answer where the bucket has or had versions. */
  readonly versionId: string | undefined;
  /** Whether a marker was made or removed. */
  readonly marker: boolean;
}

export function deleteObject(state: StoreState, request: StoreRequest): Answer {
  const bucket = findBucket(state, request.bucket);
  checkKey(request.key);
  const deletion = isMarkerReplicated(state, request)
    ? toggleMarker(state, bucket, request)
    : deleteOne(state, bucket, {
        key: request.key,
        versionId: requestedVersionId(state, request),
        bypass: bypassesLock(state, request),
        check: (current) => checkWriteConditions(state.manner, request.headers, current),
      });
  const lines: Line[] = [];
  if (deletion.marker) lines.push(['x-amz-delete-marker', 'true']);
  if (deletion.versionId !== undefined) lines.push(['x-amz-version-id', deletion.versionId]);
  return emptyAnswer(204, lines);
}

/** MinIO skips the retention check for deletes that come from a replicator. */
function bypassesLock(state: StoreState, request: StoreRequest): 'nothing' | 'governance' | 'all' {
  const isReplica = request.headers.get('x-amz-replication-status') === 'REPLICA';
  if (isReplica && isReplicationRequest(state, request)) return 'all';
  return request.headers.isTrue('x-amz-bypass-governance-retention') ? 'governance' : 'nothing';
}

interface Wanted {
  readonly key: string;
  readonly versionId: string | undefined;
  readonly bypass: 'nothing' | 'governance' | 'all';
  /** Throws where a condition on the current version fails. */
  readonly check: (current: ObjectVersion | undefined) => void;
}

function deleteOne(state: StoreState, bucket: Bucket, wanted: Wanted): Deletion {
  const { key, versionId, bypass } = wanted;
  wanted.check(bucket.keys.current(key));
  if (versionId !== undefined) {
    const version = bucket.keys.version(key, versionId);
    if (version !== undefined && bypass !== 'all') {
      checkDelete(version, bypass === 'governance', state.now());
    }
    bucket.keys.remove(key, versionId);
    return { versionId, marker: version?.marker ?? false };
  }
  if (bucket.versioning === 'off') {
    bucket.keys.remove(key, 'null');
    return { versionId: undefined, marker: false };
  }
  const current = bucket.keys.current(key);
  if (state.manner === 'minio' && (current === undefined || current.marker)) {
    // MinIO adds no marker to nothing, nor to a marker.
    return { versionId: current?.versionId, marker: current !== undefined };
  }
  return { versionId: addMarker(state, bucket, key, undefined).versionId, marker: true };
}

function addMarker(
  state: StoreState,
  bucket: Bucket,
  key: string,
  dictated: Dictated | undefined,
): ObjectVersion {
  const marker: ObjectVersion = {
    marker: true,
    key,
    versionId: newVersionId(state, bucket, { versionId: dictated?.versionId }),
    content: new Content([]),
    etag: '',
    lastModified: dictated?.lastModified ?? state.now(),
    headers: [],
    storageClass: 'STANDARD',
    checksum: undefined,
    parts: undefined,
    tags: [],
    retention: undefined,
    legalHold: undefined,
    replicationStatus: dictated?.replicationStatus,
    originTimes: {},
  };
  bucket.keys.add(marker);
  return marker;
}

function isMarkerReplicated(state: StoreState, request: StoreRequest): boolean {
  return (
    state.manner === 'minio' &&
    request.query.get('versionId') !== undefined &&
    request.headers.isTrue('x-minio-source-deletemarker')
  );
}

/** The same call twice undoes itself: that is MinIO's, and a sender must know it. */
function toggleMarker(state: StoreState, bucket: Bucket, request: StoreRequest): Deletion {
  const dictated = readDictated(state, bucket, request);
  const versionId = dictated.versionId ?? 'null';
  if (bucket.keys.version(request.key, versionId) === undefined) {
    addMarker(state, bucket, request.key, dictated);
  } else {
    bucket.keys.remove(request.key, versionId);
  }
  return { versionId, marker: true };
}

const keysMax = 1000;

export function deleteObjects(state: StoreState, request: StoreRequest): Answer {
  const bucket = findBucket(state, request.bucket);
  checkHasDigest(state, request);
  const root = readXml(request.content, 'Delete');
  const objects = childrenOf(root, 'Object');
  if (objects.length === 0 || objects.length > keysMax) throw new StoreError('MalformedXML');
  const isQuiet = textOf(root, 'Quiet')?.trim().toLowerCase() === 'true';
  const bypass = bypassesLock(state, request);
  const pieces: XmlPiece[] = [];
  for (const object of objects) {
    const key = textOf(object, 'Key') ?? '';
    const named = textOf(object, 'VersionId');
    const etag = textOf(object, 'ETag');
    try {
      const deletion = deleteNamed(state, bucket, { key, named, etag, bypass });
      if (!isQuiet) pieces.push(deletedXml(key, named, deletion));
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      pieces.push(errorXml(key, named, error));
    }
  }
  return xmlAnswer('DeleteResult', pieces);
}

function checkHasDigest(state: StoreState, request: StoreRequest): void {
  if (state.manner === 'minio' || request.checksum !== undefined) return;
  if (request.headers.get('content-md5') !== undefined) return;
  throw new StoreError(
    'InvalidRequest',
    'Missing required header for this request: Content-MD5 OR x-amz-checksum-*',
  );
}

function deleteNamed(
  state: StoreState,
  bucket: Bucket,
  wanted: {
    readonly key: string;
    readonly named: string | undefined;
    readonly etag: string | undefined;
    readonly bypass: Wanted['bypass'];
  },
): Deletion {
  const { key, named, etag, bypass } = wanted;
  if (key === '') throw new StoreError('InvalidArgument', 'A key must not be empty.');
  checkKey(key);
  if (named !== undefined && named !== '' && !isVersionId(state.manner, named)) {
    throw new StoreError('NoSuchVersion', 'Invalid version id specified');
  }
  const versionId = named === undefined || named === '' ? undefined : named;
  return deleteOne(state, bucket, {
    key,
    versionId,
    bypass,
    check: (current) => {
      if (etag !== undefined && !(current !== undefined && etagMatches(etag, current.etag))) {
        throw new StoreError('PreconditionFailed');
      }
    },
  });
}

function deletedXml(key: string, named: string | undefined, deletion: Deletion): XmlPiece {
  return xmlElement('Deleted', [
    xmlElement('Key', key),
    xmlElement('VersionId', named),
    xmlElement('DeleteMarker', deletion.marker ? true : undefined),
    xmlElement('DeleteMarkerVersionId', deletion.marker ? deletion.versionId : undefined),
  ]);
}

function errorXml(key: string, named: string | undefined, error: StoreError): XmlPiece {
  return xmlElement('Error', [
    xmlElement('Key', key),
    xmlElement('VersionId', named),
    xmlElement('Code', error.code),
    xmlElement('Message', error.message),
  ]);
}
