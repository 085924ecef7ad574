// LevelDB reads its tables without checking their sums, and a flipped bit in the wrong place ends the whole process
// by an assertion, again and again. So the sums of all blocks are checked before LevelDB sees the files.
// The format: https://github.com/google/leveldb/blob/main/doc/table_format.md

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32c } from '../s3/crc.ts';
import { ByteReader } from './byte-reader.ts';
import { isCode } from './folder.ts';
import { liveTables } from './manifest.ts';
import { decompress } from './snappy.ts';

/** The live tables in which a block is not what was written, looking at the newest first. */
export async function damagedTables(folder: string, budgetMs: number): Promise<readonly string[]> {
  const deadline = performance.now() + budgetMs;
  const damaged: string[] = [];
  // Without a manifest LevelDB itself refuses to open.
  for (const number of (await liveTables(folder)) ?? []) {
    if (performance.now() > deadline) break;
    const name = `${String(number).padStart(6, '0')}.ldb`;
    // oxlint-disable-next-line no-await-in-loop -- one file in memory at a time
    if (!(await isSoundTable(join(folder, name)))) damaged.push(name);
  }
  return damaged;
}

/** A table is written at 1 MiB; one that is much larger is not ours to read into memory. */
const tableBytesMax = 64 * 2 ** 20;

/** A missing file counts as sound: a compaction may have taken it away, and LevelDB sees at once if it may not. */
export async function isSoundTable(path: string): Promise<boolean> {
  try {
    const { size } = await stat(path);
    return size > tableBytesMax || isSoundTableBytes(await readFile(path));
  } catch (error) {
    if (isCode(error, 'ENOENT')) return true;
    throw error;
  }
}

const footerBytes = 48;
const magic = Buffer.from('57fb808b247547db', 'hex');
/** Behind each block: its compression and its sum. */
const trailerBytes = 5;

export function isSoundTableBytes(table: Buffer): boolean {
  if (table.length < footerBytes || !table.subarray(-8).equals(magic)) return false;
  try {
    const footer = new ByteReader(table.subarray(-footerBytes));
    const metaindex = readBlock(table, handleAt(footer));
    const index = readBlock(table, handleAt(footer));
    const handles = [...handlesIn(metaindex), ...handlesIn(index)];
    for (const handle of handles) checkBlock(table, handle);
    return true;
  } catch {
    return false;
  }
}

interface Handle {
  readonly offset: number;
  readonly size: number;
}

function readBlock(table: Buffer, handle: Handle): Buffer {
  const compression = checkBlock(table, handle);
  const bytes = table.subarray(handle.offset, handle.offset + handle.size);
  if (compression === 0) return bytes;
  if (compression === 1) return decompress(bytes);
  throw new RangeError(`a block is compressed in an unknown way: ${compression}`);
}

/** Throws if the sum does not fit; returns how the block is compressed. */
function checkBlock(table: Buffer, { offset, size }: Handle): number {
  const end = offset + size;
  const sum = crc32c(table.subarray(offset, end + 1));
  if (end + trailerBytes > table.length || masked(sum) !== table.readUInt32LE(end + 1)) {
    throw new RangeError('the sum of a block does not fit');
  }
  return table.readUInt8(end);
}

/** LevelDB never stores a sum as it is, lest sums be taken of sums. */
function masked(sum: number): number {
  return (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0;
}

/** The values of an index block, each the place of another block. */
function* handlesIn(block: Buffer): Generator<Handle> {
  const restarts = block.readUInt32LE(block.length - 4);
  const end = block.length - 4 * (restarts + 1);
  const reader = new ByteReader(block);
  while (reader.at < end) {
    reader.varint();
    const unshared = reader.varint();
    const valueBytes = reader.varint();
    reader.at += unshared;
    const next = reader.at + valueBytes;
    yield handleAt(reader);
    reader.at = next;
  }
}

function handleAt(reader: ByteReader): Handle {
  const offset = reader.varint();
  return { offset, size: reader.varint() };
}
