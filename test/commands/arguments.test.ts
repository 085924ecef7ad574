// Command lines: help, typos and wrong usage.

import test from 'ava';
import { commands } from '../../src/commands/table.ts';
import { allVariables } from '../../src/config/table.ts';
import { runRecorded } from './terminal.ts';

test('the help lists every command and none of a later version', async (t) => {
  const { code, output } = await runRecorded(['--help']);
  t.is(code, 0);
  for (const { name, summary } of commands) {
    t.regex(output, new RegExp(`^  ${name}\\b.*${summary}$`, 'm'));
  }
  t.notRegex(output, /resync|verify|mirror/);
});

test('each command has a help with its options', async (t) => {
  for (const command of commands) {
    // oxlint-disable-next-line no-await-in-loop -- a few calls, one after the other
    const { code, output } = await runRecorded([command.name, '--help']);
    t.is(code, 0);
    t.true(output.startsWith(`Usage: replicar ${command.name}`));
    for (const name of Object.keys(command.options)) t.true(output.includes(`--${name}`));
  }
  t.is((await runRecorded(['help', 'retry'])).output, (await runRecorded(['retry', '-h'])).output);
});

test('the help of serve names every variable', async (t) => {
  const { output } = await runRecorded(['serve', '--help']);
  for (const { name } of allVariables) t.true(output.includes(`  ${name}`), name);
  t.regex(output, /PEER_KEYS.*\n.*\(not in this version\)/);
});

test('the version is printed alone', async (t) => {
  t.deepEqual(await runRecorded(['--version']), { code: 0, output: '1.2.3\n', errors: '' });
});

const wrong: readonly (readonly [words: readonly string[], told: RegExp])[] = [
  [[], /a command is missing/],
  [['staus'], /no command "staus"; did you mean "status"\?\nSee "replicar --help"/],
  [['frobnicate'], /no command "frobnicate"\n/],
  [['--versoin'], /no option "--versoin"; did you mean "--version"\?/],
  [['status', '--wacth'], /no option "--wacth"; did you mean "--watch"\?\nSee "replicar status/],
  [['status', '-j'], /no option "-j"/],
  [['status', '--json=yes'], /--json takes no value/],
  [['status', 'x'], /one word too many: "x"/],
  [['failures', '--target'], /--target needs a value: --target TARGET/],
  [['failures', '--target='], /--target needs a value/],
  [['failures', '--constructor'], /no option "--constructor"/],
  [['pause'], /TARGET is missing/],
  [['pause', 'a', 'b'], /one word too many: "b"/],
  [['retry', 'bucket'], /expected BUCKET\/KEY/],
  [['retry', '/key'], /expected BUCKET\/KEY/],
  [['resync'], /"resync" is not in this version/],
  [['verify', 'b', 't'], /"verify" is not in this version/],
  [['mirror', '--help'], /"mirror" is not in this version/],
  [['\u001b[2J'], /no command "\\u\{1b\}\[2J"/],
];

for (const [words, told] of wrong) {
  test(`"replicar ${words.join(' ').replaceAll('\u001b', 'ESC')}" is wrong usage`, async (t) => {
    const { code, output, errors } = await runRecorded(words);
    t.is(code, 2);
    t.is(output, '');
    t.regex(errors, told);
  });
}

test('faults of the configuration are told one a line, with exit code 2', async (t) => {
  const env = { REPLICAR_LISTEN: 'x', REPLICAR_SOURCE_ENDPOINT: 'y' };
  const { code, errors } = await runRecorded(['serve'], { env });
  t.is(code, 2);
  const lines = errors.trimEnd().split('\n');
  t.is(lines.length, 2);
  t.regex(lines[0] ?? '', /^REPLICAR_LISTEN="x": expected HOST:PORT/);
  t.regex(lines[1] ?? '', /^REPLICAR_SOURCE_ENDPOINT="y": expected http/);
});
