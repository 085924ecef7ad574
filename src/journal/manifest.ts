// Which table files belong to the database: what LevelDB's manifest says. Others are left by an interrupted
// compaction, and may be half written.
// The formats: https://github.com/google/leveldb/blob/main/doc/log_format.md and db/version_edit.cc

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ByteReader } from './byte-reader.ts';

/** The numbers of the live tables, greatest first; undefined if the manifest cannot be read. */
export async function liveTables(folder: string): Promise<readonly number[] | undefined> {
  try {
    const name = (await readFile(join(folder, 'CURRENT'), 'utf8')).trim();
    if (!/^MANIFEST-\d+$/.test(name)) return undefined;
    return tablesIn(await readFile(join(folder, name))).toSorted((one, other) => other - one);
  } catch {
    return undefined;
  }
}

function tablesIn(manifest: Buffer): number[] {
  const live = new Set<number>();
  for (const record of recordsIn(manifest)) {
    for (const { isAdded, table } of editsIn(record)) {
      if (isAdded) live.add(table);
      else live.delete(table);
    }
  }
  return [...live];
}

const blockBytes = 32 * 1024;
const headBytes = 7;

/** The whole records of a log; an unfinished one at the end is left out. */
function* recordsIn(log: Buffer): Generator<Buffer> {
  let parts: Buffer[] = [];
  for (let at = 0; at + headBytes <= log.length; ) {
    const left = blockBytes - (at % blockBytes);
    const length = log.readUInt16LE(at + 4);
    const type = log.readUInt8(at + 6);
    if (left < headBytes || type === 0) {
      at += left;
      continue;
    }
    if (at + headBytes + length > log.length) return;
    const isFirst = type === 1 || type === 2;
    const isLast = type === 1 || type === 4;
    if (isFirst) parts = [];
    parts.push(log.subarray(at + headBytes, at + headBytes + length));
    at += headBytes + length;
    if (isLast) yield Buffer.concat(parts);
  }
}

interface Edit {
  readonly isAdded: boolean;
  readonly table: number;
}

function* editsIn(record: Buffer): Generator<Edit> {
  const reader = new ByteReader(record);
  while (reader.at < record.length) {
    const tag = reader.varint();
    if (tag === 1) {
      reader.skip();
    } else if (tag === 2 || tag === 3 || tag === 4 || tag === 9) {
      reader.varint();
    } else if (tag === 5) {
      reader.varint();
      reader.skip();
    } else if (tag === 6) {
      reader.varint();
      yield { isAdded: false, table: reader.varint() };
    } else if (tag === 7) {
      reader.varint();
      const table = reader.varint();
      reader.varint();
      reader.skip();
      reader.skip();
      yield { isAdded: true, table };
    } else {
      throw new RangeError(`the manifest has an unknown tag: ${tag}`);
    }
  }
}
