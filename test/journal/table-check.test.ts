import { readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { liveTables } from '../../src/journal/manifest.ts';
import { decompress } from '../../src/journal/snappy.ts';
import { openLevel } from '../../src/journal/storage.ts';
import { damagedTables, isSoundTableBytes } from '../../src/journal/table-check.ts';
import { temporaryFolder } from './arrangement.ts';

/** A database with a few tables, compacted, as LevelDB wrote it. */
async function madeByLevel(t: ExecutionContext): Promise<string> {
  const folder = await temporaryFolder(t);
  const storage = await openLevel(folder, { create: true, writeBufferBytes: 2 ** 16 });
  for (let from = 0; from < 8_000; from += 1_000) {
    const entries = Array.from({ length: 1_000 }, (_, index) => ({
      type: 'put' as const,
      key: `key ${(from + index) * 7919}`,
      value: Buffer.from(`value ${from} `.repeat(1 + (index % 40))),
    }));
    // oxlint-disable-next-line no-await-in-loop -- one batch after the other
    await storage.batch(entries, false);
  }
  await storage.compact();
  await storage.close();
  return folder;
}

test('the live tables are those that LevelDB keeps, and whole', async (t) => {
  const folder = await madeByLevel(t);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.ldb'));
  const live = (await liveTables(folder)) ?? [];
  t.true(live.length > 0);
  t.deepEqual(
    live.map((number) => `${String(number).padStart(6, '0')}.ldb`).toSorted(),
    names.toSorted(),
  );
  t.deepEqual(await damagedTables(folder, 10_000), []);
});

test('every flipped bit in a block of a table is seen', async (t) => {
  const folder = await madeByLevel(t);
  const name = (await readdir(folder)).find((file) => file.endsWith('.ldb')) ?? '';
  const table = await readFile(join(folder, name));
  t.true(isSoundTableBytes(table));
  // The footer holds 20 bytes or so of padding, which nobody reads.
  const checked = table.length - 48;
  for (let at = 0; at < checked; at += 997) {
    const flipped = Buffer.from(table);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (at & 7));
    t.false(isSoundTableBytes(flipped), `byte ${at}`);
  }
  t.false(isSoundTableBytes(table.subarray(0, -1)));
  t.false(isSoundTableBytes(Buffer.alloc(table.length)));
});

test('what an interrupted compaction left is no damage', async (t) => {
  const folder = await madeByLevel(t);
  await writeFile(join(folder, '999999.ldb'), 'half a table');
  t.deepEqual(await damagedTables(folder, 10_000), []);
  await unlink(join(folder, '999999.ldb'));
  const name = (await readdir(folder)).find((file) => file.endsWith('.ldb')) ?? '';
  await writeFile(join(folder, name), 'half a table');
  t.deepEqual(await damagedTables(folder, 10_000), [name]);
});

test('Snappy is read as its description says, and nonsense is refused', (t) => {
  // "Wikipedia" as a literal; "abcabcabcabc" as a literal and a copy that overlaps itself.
  t.is(decompress(Buffer.from('\x09\x20Wikipedia', 'latin1')).toString(), 'Wikipedia');
  t.is(decompress(Buffer.from('0c086162631503', 'hex')).toString(), 'abcabcabcabc');
  for (const nonsense of ['', 'ff', '0500', '03086162', '0401', '040561620109']) {
    t.throws(() => decompress(Buffer.from(nonsense, 'hex')), { instanceOf: RangeError }, nonsense);
  }
});
