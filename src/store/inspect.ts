// How a test sees a stored version: plain values.

import type { ObjectVersion, Retention, StoredChecksum } from './model.ts';

export interface VersionView {
  readonly key: string;
  readonly versionId: string;
  readonly marker: boolean;
  readonly body: Buffer;
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  /** ms since the epoch. */
  readonly lastModified: number;
  /** Content headers and user metadata, by lower-case name; latin1. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly storageClass: string;
  readonly checksum: StoredChecksum | undefined;
  /** Of multipart objects. */
  readonly partSizes: readonly number[] | undefined;
  readonly retention: Retention | undefined;
  readonly legalHold: boolean | undefined;
  readonly replicationStatus: string | undefined;
}

export function viewVersion(version: ObjectVersion): VersionView {
  return {
    key: version.key,
    versionId: version.versionId,
    marker: version.marker,
    body: version.content.bytes(),
    size: version.content.size,
    etag: version.etag,
    lastModified: version.lastModified,
    headers: Object.fromEntries(version.headers),
    tags: Object.fromEntries(version.tags.map(({ key, value }) => [key, value])),
    storageClass: version.storageClass,
    checksum: version.checksum,
    partSizes: version.parts?.map(({ size }) => size),
    retention: version.retention,
    legalHold: version.legalHold,
    replicationStatus: version.replicationStatus,
  };
}
