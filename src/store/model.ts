// What the store keeps: buckets, the versions of each key, open multipart uploads.

import type { ChecksumAlgorithm, ChecksumType } from '../s3/checksums.ts';
import type { Content } from './content.ts';
import type { Keyspace } from './keyspace.ts';

/** `s3` mints its own opaque version ids; `minio` mints UUIDs and obeys a replicator's headers. */
export type Manner = 's3' | 'minio';

/** Name and value; names in lower case, values latin1 (one character, one byte). */
export type Line = readonly [name: string, value: string];

export type Versioning = 'off' | 'enabled' | 'suspended';

export interface Tag {
  readonly key: string;
  readonly value: string;
}

export interface Retention {
  readonly mode: 'GOVERNANCE' | 'COMPLIANCE';
  /** ms since the epoch. */
  readonly until: number;
}

export interface DefaultRetention {
  readonly mode: 'GOVERNANCE' | 'COMPLIANCE';
  readonly days?: number;
  readonly years?: number;
}

export interface StoredChecksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly type: ChecksumType;
  /** Base64; with `-N` for COMPOSITE. */
  readonly value: string;
}

export interface StoredPart {
  readonly number: number;
  readonly size: number;
  readonly checksum?: StoredChecksum | undefined;
}

/** When a metadata was last changed at its origin, as a replicator told; ms since the epoch. */
export interface OriginTimes {
  readonly tagging?: number;
  readonly retention?: number;
  readonly legalHold?: number;
}

export interface ObjectVersion {
  readonly marker: boolean;
  readonly key: string;
  /** `null` on buckets that never had versioning. */
  readonly versionId: string;
  readonly content: Content;
  /** Without quotes; empty for markers. */
  readonly etag: string;
  readonly lastModified: number;
  /** Content headers and user metadata, as they go back out. */
  readonly headers: readonly Line[];
  readonly storageClass: string;
  readonly checksum: StoredChecksum | undefined;
  /** Of multipart objects, in order. */
  readonly parts: readonly StoredPart[] | undefined;
  tags: readonly Tag[];
  retention: Retention | undefined;
  legalHold: boolean | undefined;
  /** What `x-amz-replication-status` shows. */
  replicationStatus: string | undefined;
  originTimes: OriginTimes;
}

export interface UploadedPart {
  readonly number: number;
  readonly content: Content;
  readonly etag: string;
  readonly lastModified: number;
  readonly checksum: StoredChecksum | undefined;
}

/** What a new version will be, apart from its bytes: what a PUT, an initiation, a copy or a form says of it. */
export interface ObjectDraft {
  readonly headers: readonly Line[];
  readonly storageClass: string;
  readonly tags: readonly Tag[];
  readonly retention: Retention | undefined;
  readonly legalHold: boolean | undefined;
  /** Dictated by a replicator; undefined otherwise. */
  readonly versionId: string | undefined;
  readonly etag: string | undefined;
  readonly lastModified: number | undefined;
  readonly replicationStatus: string | undefined;
  readonly originTimes: OriginTimes;
}

export interface Upload {
  readonly id: string;
  readonly key: string;
  readonly initiated: number;
  readonly draft: ObjectDraft;
  readonly checksumAlgorithm: ChecksumAlgorithm | undefined;
  readonly checksumType: ChecksumType | undefined;
  readonly parts: Map<number, UploadedPart>;
}

export interface Bucket {
  readonly name: string;
  readonly createdAt: number;
  versioning: Versioning;
  lock: { readonly default: DefaultRetention | undefined } | undefined;
  tags: readonly Tag[];
  readonly keys: Keyspace;
  readonly uploads: Map<string, Upload>;
}

/** Everything that the operations work on. */
export interface StoreState {
  readonly manner: Manner;
  readonly region: string;
  readonly partSizeMin: number;
  /** ms since the epoch. */
  readonly now: () => number;
  readonly buckets: Map<string, Bucket>;
}
