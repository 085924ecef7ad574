// The sidecar as a process of its own, for the tests that kill it.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { unassignedPort } from '../arrange.ts';

const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));

export interface SidecarProcess {
  readonly child: ChildProcess;
  readonly port: number;
  readonly adminPort: number;
  /** Everything it printed so far. */
  output(): string;
  /** Resolves with the exit code, null after a signal. */
  readonly ended: Promise<number | null>;
}

/** Starts `replicar serve`; resolves when it serves, rejects with its output if it ends before. */
export async function startProcess(env: Readonly<Record<string, string>>): Promise<SidecarProcess> {
  const child = spawn(process.execPath, [cli, 'serve'], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
  });
  const serving = new Promise<string>((resolve) => {
    const read = (piece: Buffer): void => {
      text += piece.toString();
      const line = text.split('\n').find((candidate) => candidate.includes('"msg":"serving"'));
      if (line !== undefined) resolve(line);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
  });
  const line = await Promise.race([serving, ended.then(() => undefined)]);
  if (line === undefined) throw new Error(`the sidecar ended before it served: ${text}`);
  const facts: { listen: { port: number }; admin: { port: number } } = JSON.parse(line);
  return {
    child,
    port: facts.listen.port,
    adminPort: facts.admin.port,
    output: () => text,
    ended,
  };
}

export async function killProcess({ child, ended }: SidecarProcess): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}

/** A free port that nobody else is given: for a process that is to come back at the same place. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = unassignedPort();
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
