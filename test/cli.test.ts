// The built program as a process: exit codes, output and signals.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { startAdmin } from './admin/admin-server.ts';

const program = fileURLToPath(new URL('../src/cli.js', import.meta.url));

interface Ended {
  readonly code: number | string | null | undefined;
  readonly output: string;
  readonly errors: string;
}

function replicar(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return new Promise<Ended>((resolve) => {
    const path = process.env['PATH'] ?? '';
    execFile(
      process.execPath,
      [program, ...words],
      { env: { PATH: path, ...env } },
      (error, output, errors) => resolve({ code: error === null ? 0 : error.code, output, errors }),
    );
  });
}

test('--version prints the version of the package', async (t) => {
  const { code, output } = await replicar(['--version']);
  t.is(code, 0);
  t.regex(output, /^\d+\.\d+\.\d+\n$/);
});

test('no command is wrong usage', async (t) => {
  const { code, output, errors } = await replicar([]);
  t.is(code, 2);
  t.is(output, '');
  t.regex(errors, /a command is missing/);
});

test('faults of the configuration end serve with exit code 2', async (t) => {
  const { code, errors } = await replicar(['serve'], { REPLICAR_LISTEN: 'x' });
  t.is(code, 2);
  t.is(errors.trimEnd().split('\n').length, 2);
});

test('a command without a sidecar ends with exit code 1', async (t) => {
  const { code } = await replicar(['status'], { REPLICAR_ADMIN_URL: 'http://127.0.0.1:1' });
  t.is(code, 1);
});

test('status talks to a sidecar, prints without colours into a pipe, and ends', async (t) => {
  const { url } = await startAdmin(t, {}, 'sesame');
  const env = { REPLICAR_ADMIN_URL: url, REPLICAR_ADMIN_TOKEN: 'sesame' };
  const { code, output, errors } = await replicar(['status'], env);
  t.is(errors, '');
  t.is(code, 0);
  t.regex(output, /^site-b {2}up/m);
  t.false(output.includes('\u001b'));
});

test('status --watch ends by a signal with exit code 0', async (t) => {
  const { url } = await startAdmin(t);
  const ended = await new Promise<Ended>((resolve) => {
    const child = execFile(
      process.execPath,
      [program, 'status', '--watch'],
      { env: { REPLICAR_ADMIN_URL: url } },
      (error, output, errors) => resolve({ code: error === null ? 0 : error.code, output, errors }),
    );
    child.stdout?.once('data', () => child.kill('SIGINT'));
  });
  t.is(ended.errors, '');
  t.is(ended.code, 0);
});
