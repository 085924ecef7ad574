// What the documentation and the examples say about variables is what the table says.

import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { renderConfigurationTable } from '../../src/config/render.ts';
import { type Config, loadConfig } from '../../src/config.ts';

const root = new URL('../../../', import.meta.url);

function read(path: string): string {
  return readFileSync(new URL(path, root), 'utf8');
}

for (const path of ['README.md', 'docs/configuration.md']) {
  test(`${path} holds the table of variables as it is generated`, (t) => {
    const [, table] =
      /<!-- configuration table: begin -->\n([\s\S]*)<!-- configuration table: end -->/.exec(
        read(path),
      ) ?? [];
    t.is(table, renderConfigurationTable());
  });
}

test('the table in Markdown has three columns in every row', (t) => {
  for (const row of renderConfigurationTable().trimEnd().split('\n')) {
    t.is(row.split(/(?<!\\)\|/).length, 5, row);
  }
});

/** The REPLICAR_ variables of a compose file or a Kubernetes manifest, as they stand in its text. */
function variablesIn(text: string): Readonly<Record<string, string>> {
  const mapped = text.matchAll(/^ *(REPLICAR_\w+): *(.+)$/gm);
  const listed = text.matchAll(/^ *- name: (REPLICAR_\w+)\n *value: *(.+)$/gm);
  const pairs = [...mapped, ...listed].map(([, name = '', value = '']) => [
    name,
    value.replace(/^"(.*)"$/, '$1'),
  ]);
  return Object.fromEntries(pairs);
}

function configOf(path: string): Config {
  return loadConfig(variablesIn(read(path)), () => 'secret-of-the-test\n');
}

const manifests = readdirSync(new URL('examples/kubernetes/', root))
  .filter((name) => name.endsWith('.yaml') && name !== 'secret.yaml')
  .map((name) => `examples/kubernetes/${name}`);

for (const path of ['examples/docker-compose.yml', ...manifests]) {
  test(`${path} uses variables that exist, with values that are accepted`, (t) => {
    const named = new Set(read(path).match(/(?<=^ *(?:- name: )?)REPLICAR_\w+(?=:|$)/gm));
    t.deepEqual(Object.keys(variablesIn(read(path))).toSorted(), [...named].toSorted());
    const config = configOf(path);
    t.is(config.targets.length, 1);
    t.is(config.rules.length, 1);
  });
}

for (const path of manifests) {
  test(`${path} grants the time that stopping takes`, (t) => {
    const { shutdown } = configOf(path);
    const [, grace] = /terminationGracePeriodSeconds: (\d+)/.exec(read(path)) ?? [];
    const [, delay] = /command: \[sleep, "(\d+)"\]/.exec(read(path)) ?? [];
    t.true(Number(delay) > 0);
    const neededMs = Number(delay) * 1000 + shutdown.timeoutMs + shutdown.drainMs;
    t.true(Number(grace) * 1000 > neededMs, `${grace} s for ${neededMs} ms`);
  });
}
