import { spawnSync } from 'node:child_process';
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { openFolder } from './arrange.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** One import against the drawing in each room, and what must be said of it. */
const planted: readonly [file: string, imported: string][] = [
  ['src/wire/planted.ts', '../s3/xml.ts'],
  ['src/s3/planted.ts', '../journal/types.ts'],
  ['src/journal/planted.ts', '../replication/rules.ts'],
  ['src/replication/planted.ts', '../proxy/capture.ts'],
  ['src/proxy/planted.ts', '../admin/server.ts'],
  ['src/scan/planted.ts', '../wire/types.ts'],
  ['src/admin/planted.ts', '../proxy/capture.ts'],
  ['src/store/planted.ts', '../journal/types.ts'],
  ['src/mirror/planted.ts', '../journal/types.ts'],
  ['src/replication/configured.ts', '../config.ts'],
  ['src/sidecar.ts', './store/memory-store.ts'],
  ['src/config.ts', './journal/types.ts'],
  ['src/commands/planted.ts', '../cli.ts'],
  ['src/errors.ts', './s3/xml.ts'],
];

test('an import against the drawing of the rooms is refused by the linter', async (t) => {
  const folder = await openFolder(t);
  await cp(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const [file, imported] of planted) {
    await mkdir(join(folder, file, '..'), { recursive: true });
    await writeFile(
      join(folder, file),
      `import { thing } from '${imported}';\nexport const other = thing;\n`,
    );
  }
  const linter = join(root, 'node_modules/.bin/oxlint');
  const { stdout } = spawnSync(linter, ['--format', 'unix', 'src'], {
    cwd: folder,
    encoding: 'utf8',
  });
  const refused = stdout
    .split('\n')
    .filter((line) => line.includes('no-restricted-imports'))
    .map((line) => line.slice(line.indexOf('src/'), line.indexOf(':', line.indexOf('src/'))));
  t.deepEqual(refused.toSorted(), planted.map(([file]) => file).toSorted());
});
