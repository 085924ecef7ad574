// What a replicator dictates by MinIO's headers: version id, time, ETag, REPLICA. Only the `minio` manner obeys;
// the `s3` manner refuses a version id on a write and ignores the headers, as S3 does.

import { isUuid } from './ids.ts';
import type { Bucket, ObjectVersion, OriginTimes, StoreState } from './model.ts';
import type { RequestHead } from './request.ts';
import { StoreError } from './store-error.ts';

export interface Dictated {
  readonly versionId: string | undefined;
  readonly etag: string | undefined;
  readonly lastModified: number | undefined;
  readonly replicationStatus: string | undefined;
  readonly originTimes: OriginTimes;
}

const nothing: Dictated = {
  versionId: undefined,
  etag: undefined,
  lastModified: undefined,
  replicationStatus: undefined,
  originTimes: {},
};

export function readDictated(state: StoreState, bucket: Bucket, request: RequestHead): Dictated {
  const versionId = request.query.get('versionId');
  if (state.manner === 's3') {
    if (versionId === undefined) return nothing;
    throw new StoreError('InvalidArgument', 'This operation does not accept a version-id.');
  }
  const { headers } = request;
  if (headers.isTrue('x-minio-source-replication-check')) {
    throw new StoreError('ReplicationPermissionCheck');
  }
  return {
    versionId: versionId === undefined ? undefined : checkVersionId(bucket, versionId),
    etag: headers.get('x-minio-source-etag')?.replaceAll('"', ''),
    lastModified: timeOf(request, 'x-minio-source-mtime'),
    replicationStatus: headers.get('x-amz-replication-status'),
    originTimes: originTimes(request),
  };
}

/** A replica with the same id and ETag is there already: what was asked for is done, and the answer is 412. */
export function checkNotThere(bucket: Bucket, key: string, dictated: Dictated): void {
  if (dictated.versionId === undefined || dictated.etag === undefined) return;
  const there = bucket.keys.version(key, dictated.versionId);
  if (there !== undefined && there.etag === dictated.etag) {
    throw new StoreError('PreconditionFailed', undefined, {
      headers: [
        ['ETag', `"${there.etag}"`],
        ['x-amz-version-id', there.versionId],
      ],
    });
  }
}

/** Whether a write with origin times is newer than what is there; without times it always is. */
export function isNewer(incoming: number | undefined, there: number | undefined): boolean {
  return incoming === undefined || there === undefined || incoming > there;
}

export function isReplicationRequest(state: StoreState, request: RequestHead): boolean {
  return (
    state.manner === 'minio' &&
    request.headers.get('x-minio-source-replication-request') !== undefined
  );
}

/** Headers by which the version shows that it came from elsewhere, or what it waits for. */
export function replicationLines(version: ObjectVersion): readonly (readonly [string, string])[] {
  if (version.replicationStatus === undefined) return [];
  return [['x-amz-replication-status', version.replicationStatus]];
}

function checkVersionId(bucket: Bucket, versionId: string): string {
  if (versionId !== 'null' && !isUuid(versionId)) {
    throw new StoreError('InvalidArgument', 'Invalid version id specified');
  }
  if (bucket.versioning !== 'enabled' && versionId !== 'null') {
    throw new StoreError(
      'InvalidArgument',
      'VersionID specified but versioning is not enabled on the bucket',
    );
  }
  return versionId.toLowerCase();
}

function originTimes(request: RequestHead): OriginTimes {
  const tagging = timeOf(request, 'x-minio-source-replication-tagging-timestamp');
  const retention = timeOf(request, 'x-minio-source-replication-retention-timestamp');
  const legalHold = timeOf(request, 'x-minio-source-replication-legalhold-timestamp');
  return {
    ...(tagging === undefined ? {} : { tagging }),
    ...(retention === undefined ? {} : { retention }),
    ...(legalHold === undefined ? {} : { legalHold }),
  };
}

/** RFC 3339, down to nanoseconds; kept to the millisecond. */
function timeOf(request: RequestHead, name: string): number | undefined {
  const text = request.headers.get(name);
  if (text === undefined) return undefined;
  const at = Date.parse(text);
  if (Number.isNaN(at)) {
    throw new StoreError('InvalidArgument', `${name} is not a time in RFC 3339: ${text}`);
  }
  return at;
}
