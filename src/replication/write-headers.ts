// The header lines of writes to a target, in its dialect. What MinIO's mean is in its replication protocol: a target
// that knows them keeps id, time and ETag; others ignore them or refuse the version id.

import type { HeaderPair } from '../s3/client.ts';
import type { DialectName } from './dialect.ts';
import type { ObjectFacts } from './object-facts.ts';
import type { SourceObject } from './source-object.ts';
import { taggingHeader } from './source-object.ts';

/** Tags beyond this are set by a call of their own: heads of requests are limited. */
const taggingHeaderMax = 4096;

export const replicaLines: readonly HeaderPair[] = [
  { name: 'x-amz-replication-status', value: 'REPLICA' },
  { name: 'x-minio-source-replication-request', value: 'true' },
];

export const replicationRequest: HeaderPair = {
  name: 'x-minio-source-replication-request',
  value: 'true',
};

export function sourceTime(at: number): HeaderPair {
  return { name: 'x-minio-source-mtime', value: new Date(at).toISOString() };
}

export function tagsFitHeader({ tags }: Pick<SourceObject, 'tags'>): boolean {
  return taggingHeader(tags).length <= taggingHeaderMax;
}

/** What the object is, without its checksums. */
export function objectLines(object: Pick<SourceObject, 'facts' | 'tags'>): HeaderPair[] {
  const lines = [...object.facts.headers];
  if (object.tags.length > 0 && tagsFitHeader(object)) {
    lines.push({ name: 'x-amz-tagging', value: taggingHeader(object.tags) });
  }
  return lines;
}

/** For PutObject: everything that MinIO's dialect adds. */
export function originLines(dialect: DialectName, origin: Origin & { time: number }): HeaderPair[] {
  if (dialect === 's3') return [];
  return [...replicaLines, sourceTime(origin.time), ...sourceEtag(origin)];
}

/** For the initiation of an upload. The time goes only on the completion: it would hide stale uploads. */
export function uploadOriginLines(dialect: DialectName, origin: Origin): HeaderPair[] {
  return dialect === 's3' ? [] : [...replicaLines, ...sourceEtag(origin)];
}

export interface Origin {
  readonly identity: string;
  readonly facts: ObjectFacts;
}

/**
 * It also asks to be refused where the version has this ETag already. The null version may have it from before, with
 * other headers, so there it is left out.
 */
export function sourceEtag({ identity, facts }: Origin): HeaderPair[] {
  return identity === 'null' ? [] : [{ name: 'x-minio-source-etag', value: facts.etag }];
}
