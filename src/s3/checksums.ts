// S3's five object checksums: computed piece by piece, named in headers, and combined over the parts of a
// multipart upload.

import { createHash } from 'node:crypto';
import { crc32, crc32c, crc64nvme } from './crc.ts';

export type ChecksumAlgorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME' | 'SHA1' | 'SHA256';

export const checksumAlgorithms: readonly ChecksumAlgorithm[] = [
  'CRC32',
  'CRC32C',
  'CRC64NVME',
  'SHA1',
  'SHA256',
];

/** COMPOSITE: a checksum of the parts' checksums, written with `-N`. FULL_OBJECT: over all bytes. */
export type ChecksumType = 'COMPOSITE' | 'FULL_OBJECT';

/** A checksum that grows with the bytes. `digest` may be called at any time for CRCs, once for SHAs. */
export interface RunningChecksum {
  update(bytes: Uint8Array): void;
  /** Base64, as S3 writes it in headers and XML. */
  digest(): string;
}

/** `x-amz-checksum-crc32c` and so on. */
export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

/** The element of S3's XML: `ChecksumCRC32C` and so on. */
export function checksumElement(algorithm: ChecksumAlgorithm): string {
  return `Checksum${algorithm}`;
}

/** The algorithm that a header (any case) carries, or undefined for any other header. */
export function checksumOfHeader(name: string): ChecksumAlgorithm | undefined {
  return headerNames.get(name.toLowerCase());
}

const headerNames = new Map(checksumAlgorithms.map((name) => [checksumHeader(name), name]));

/** The algorithm by its S3 name (any case), or undefined if there is none such. */
export function checksumAlgorithm(name: string): ChecksumAlgorithm | undefined {
  return checksumAlgorithms.find((algorithm) => algorithm === name.toUpperCase());
}

/** What S3 takes for a multipart object when the client does not say. */
export function defaultChecksumType(algorithm: ChecksumAlgorithm): ChecksumType {
  return algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE';
}

/** Whether S3 allows the pair: SHAs cannot be combined over a whole object, CRC64NVME is only that. */
export function checksumTypeAllowed(algorithm: ChecksumAlgorithm, type: ChecksumType): boolean {
  if (algorithm === 'CRC64NVME') return type === 'FULL_OBJECT';
  return type === 'COMPOSITE' || algorithm === 'CRC32' || algorithm === 'CRC32C';
}

export function createChecksum(algorithm: ChecksumAlgorithm): RunningChecksum {
  return creators[algorithm]();
}

const creators: Readonly<Record<ChecksumAlgorithm, () => RunningChecksum>> = {
  CRC32: () => running32(crc32),
  CRC32C: () => running32(crc32c),
  CRC64NVME: running64,
  SHA1: () => runningHash('sha1'),
  SHA256: () => runningHash('sha256'),
};

/** The checksum of bytes that are there as a whole. */
export function checksum(algorithm: ChecksumAlgorithm, bytes: Uint8Array): string {
  const sum = createChecksum(algorithm);
  sum.update(bytes);
  return sum.digest();
}

/** The checksum of a multipart object of type COMPOSITE, from its parts' checksums in order. */
export function compositeChecksum(algorithm: ChecksumAlgorithm, parts: readonly string[]): string {
  const sum = createChecksum(algorithm);
  for (const part of parts) sum.update(Buffer.from(part, 'base64'));
  return `${sum.digest()}-${parts.length}`;
}

function running32(step: (bytes: Uint8Array, seed: number) => number): RunningChecksum {
  let crc = 0;
  return {
    update(bytes) {
      crc = step(bytes, crc);
    },
    digest() {
      const bytes = Buffer.allocUnsafe(4);
      bytes.writeUInt32BE(crc);
      return bytes.toString('base64');
    },
  };
}

function running64(): RunningChecksum {
  let crc = 0n;
  return {
    update(bytes) {
      crc = crc64nvme(bytes, crc);
    },
    digest() {
      const bytes = Buffer.allocUnsafe(8);
      bytes.writeBigUInt64BE(crc);
      return bytes.toString('base64');
    },
  };
}

function runningHash(name: 'sha1' | 'sha256'): RunningChecksum {
  const hash = createHash(name);
  return {
    update(bytes) {
      hash.update(bytes);
    },
    digest: () => hash.digest('base64'),
  };
}
