// The version id under which a version goes to a target that keeps ids: the source's own where it is a UUID, else
// one derived from it, so that every attempt, also after a lost journal, names the same version.

import { createHash } from 'node:crypto';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Names of this kind are made in a namespace of our own (RFC 9562 section 5.5). */
const namespace = Buffer.from('5f0c2a8e6b1d4d0c9b3f7a4e21d88c60', 'hex');

export interface Origin {
  readonly site: string;
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
}

/** `null` stays `null`, on every kind of store. */
export function identityOf({ site, bucket, key, versionId }: Origin): string {
  if (versionId === 'null') return versionId;
  if (uuid.test(versionId)) return versionId.toLowerCase();
  // Lengths go before the parts, so that no two origins can read the same.
  const parts = [site, bucket, key, versionId].map((part) => `${Buffer.byteLength(part)}:${part}`);
  return uuidV5(namespace, parts.join(''));
}

/** RFC 9562 section 5.5. */
export function uuidV5(space: Buffer, name: string): string {
  const bytes = createHash('sha1').update(space).update(name).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20, 32),
  ].join('-');
}
