// Finding what a request names: its bucket, and the version it means.

import { httpDate } from './answer.ts';
import { isVersionId } from './ids.ts';
import type { Bucket, Line, ObjectVersion, StoreState } from './model.ts';
import type { RequestHead } from './request.ts';
import { StoreError } from './store-error.ts';

export function findBucket(state: StoreState, name: string): Bucket {
  const bucket = state.buckets.get(name);
  if (bucket === undefined) throw new StoreError('NoSuchBucket');
  return bucket;
}

/** The version id a request names, in the form that is stored; undefined if it names none. */
export function requestedVersionId(state: StoreState, request: RequestHead): string | undefined {
  const text = request.query.get('versionId');
  if (text === undefined) return undefined;
  if (text === '' && state.manner === 's3') {
    throw new StoreError('InvalidArgument', 'Version id cannot be the empty string');
  }
  if (text === '') return undefined;
  if (!isVersionId(state.manner, text)) {
    throw new StoreError('InvalidArgument', 'Invalid version id specified');
  }
  return state.manner === 'minio' ? text.toLowerCase() : text;
}

/** The live version that a read means. A marker is 404 without a version id and 405 with it, as S3 has it. */
export function findVersion(
  state: StoreState,
  bucket: Bucket,
  request: RequestHead,
): ObjectVersion {
  const versionId = requestedVersionId(state, request);
  if (versionId === undefined) {
    const current = bucket.keys.current(request.key);
    if (current === undefined) throw new StoreError('NoSuchKey');
    if (!current.marker) return current;
    throw new StoreError('NoSuchKey', undefined, { headers: markerLines(state, current) });
  }
  const version = bucket.keys.version(request.key, versionId);
  if (version === undefined) throw new StoreError('NoSuchVersion');
  if (!version.marker) return version;
  const isSourceMarker =
    state.manner === 'minio' && request.headers.isTrue('x-minio-source-deletemarker');
  throw new StoreError(isSourceMarker ? 'NoSuchKey' : 'MethodNotAllowed', undefined, {
    headers: [
      ...markerLines(state, version),
      ['Last-Modified', httpDate(version.lastModified)],
      ['Allow', 'DELETE'],
    ],
  });
}

function markerLines(state: StoreState, marker: ObjectVersion): Line[] {
  const lines: Line[] = [
    ['x-amz-delete-marker', 'true'],
    ['x-amz-version-id', marker.versionId],
  ];
  if (state.manner === 'minio' && marker.replicationStatus !== undefined) {
    lines.push(['X-Minio-Replication-DeleteMarker-Status', marker.replicationStatus]);
  }
  return lines;
}
