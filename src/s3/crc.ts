// The three CRCs of S3, each continuing from an earlier result, as zlib's crc32 does. CRC32C and CRC64NVME
// eat eight bytes a step through precomputed tables ("slicing by eight").

/* oxlint-disable typescript/no-unsafe-type-assertion -- all indices are in range; a check at each would cost half the speed */

import { crc32 as zlibCrc32 } from 'node:zlib';

/** CRC-32 (ISO-HDLC). `seed` is the result over the bytes before these. */
export function crc32(bytes: Uint8Array, seed = 0): number {
  return zlibCrc32(bytes, seed);
}

/**
 * CRC-32C (Castagnoli) over the bytes from `start` to `end`: a view of them would cost more than the sum of a
 * small record. `seed` is the result over the bytes before these.
 */
export function crc32c(bytes: Uint8Array, seed = 0, start = 0, end = bytes.length): number {
  const table = castagnoli;
  let crc = ~seed;
  let at = start;
  for (const lastStep = end - 7; at < lastStep; at += 8) {
    const low = crc ^ word(bytes, at);
    const high = word(bytes, at + 4);
    crc =
      (table[1792 + (low & 255)] as number) ^
      (table[1536 + ((low >>> 8) & 255)] as number) ^
      (table[1280 + ((low >>> 16) & 255)] as number) ^
      (table[1024 + (low >>> 24)] as number) ^
      (table[768 + (high & 255)] as number) ^
      (table[512 + ((high >>> 8) & 255)] as number) ^
      (table[256 + ((high >>> 16) & 255)] as number) ^
      (table[high >>> 24] as number);
  }
  for (; at < end; at++) {
    crc = (table[(crc ^ (bytes[at] as number)) & 255] as number) ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}

/** CRC-64/NVME. `seed` is the result over the bytes before these. */
export function crc64nvme(bytes: Uint8Array, seed = 0n): bigint {
  const length = bytes.length;
  let low = ~Number(seed & 0xffffffffn);
  let high = ~Number(seed >> 32n);
  let at = 0;
  for (const end = length - 7; at < end; at += 8) {
    const a = low ^ word(bytes, at);
    const b = high ^ word(bytes, at + 4);
    low = slice64(nvme.low, a, b);
    high = slice64(nvme.high, a, b);
  }
  for (; at < length; at++) {
    const index = (low ^ (bytes[at] as number)) & 255;
    low = ((low >>> 8) | (high << 24)) ^ (nvme.low[index] as number);
    high = (high >>> 8) ^ (nvme.high[index] as number);
  }
  return (BigInt(~high >>> 0) << 32n) | BigInt(~low >>> 0);
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

function slice64(table: Int32Array, a: number, b: number): number {
  return (
    (table[1792 + (a & 255)] as number) ^
    (table[1536 + ((a >>> 8) & 255)] as number) ^
    (table[1280 + ((a >>> 16) & 255)] as number) ^
    (table[1024 + (a >>> 24)] as number) ^
    (table[768 + (b & 255)] as number) ^
    (table[512 + ((b >>> 8) & 255)] as number) ^
    (table[256 + ((b >>> 16) & 255)] as number) ^
    (table[b >>> 24] as number)
  );
}

const castagnoli = tables32(0x82f63b78);
const nvme = tables64(0x9a6c9329ac4bc9b5n);

/** Eight tables of 256 in a row; table k advances a byte by k more zero bytes than table 0. */
function tables32(polynomial: number): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    tables[byte] = crc;
  }
  for (let at = 256; at < tables.length; at++) {
    const before = tables[at - 256] as number;
    tables[at] = (before >>> 8) ^ (tables[before & 255] as number);
  }
  return tables;
}

function tables64(polynomial: bigint): { readonly low: Int32Array; readonly high: Int32Array } {
  const tables = new BigUint64Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ polynomial : crc >> 1n;
    tables[byte] = crc;
  }
  for (let at = 256; at < tables.length; at++) {
    const before = tables[at - 256] as bigint;
    tables[at] = (before >> 8n) ^ (tables[Number(before & 255n)] as bigint);
  }
  const low = new Int32Array(tables.length);
  const high = new Int32Array(tables.length);
  for (const [at, value] of tables.entries()) {
    low[at] = Number(BigInt.asIntN(32, value));
    high[at] = Number(BigInt.asIntN(32, value >> 32n));
  }
  return { low, high };
}
