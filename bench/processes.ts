// Starting the processes of a benchmark, and reading how much CPU one of them used.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Running {
  readonly pid: number;
  readonly port: number;
  readonly stop: () => Promise<void>;
}

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Starts a program of this folder that prints `port N`. */
export async function start(name: string, parameters: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, [pathOf(name), ...parameters], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const line = await firstLine(child, (text) => /^port (\d+)/.exec(text)?.[1]);
  return running(child, Number(line));
}

/** Starts `replicar serve` with these variables; resolves when it serves. */
export async function startSidecar(
  env: Readonly<Record<string, string>>,
): Promise<Running & { adminPort: number }> {
  const child = spawn(process.execPath, [pathOf('../src/cli.js'), 'serve'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  const line = await firstLine(child, (text) => (text.includes('"serving"') ? text : undefined));
  const facts: { listen: { port: number }; admin: { port: number } } = JSON.parse(line);
  return { ...running(child, facts.listen.port), adminPort: facts.admin.port };
}

/** Runs the load generator to its end. */
export async function load(
  parameters: object,
): Promise<{ seconds: number; p50Ms: number; p99Ms: number }> {
  const child = spawn(process.execPath, [pathOf('load.js'), JSON.stringify(parameters)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(await firstLine(child, (text) => text));
}

function running(child: ChildProcess, port: number): Running {
  return {
    pid: child.pid ?? 0,
    port,
    stop: async () => {
      if (child.exitCode !== null) return;
      const ended = new Promise<void>((resolve) => {
        child.once('exit', () => resolve());
      });
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function firstLine(
  child: ChildProcess,
  wanted: (line: string) => string | undefined,
): Promise<string> {
  return await new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (piece: Buffer) => {
      text += piece.toString();
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        const found = wanted(line);
        if (found !== undefined) resolve(found);
      }
    });
    child.once('exit', (code) =>
      reject(new Error(`a process of the benchmark ended with ${code}`)),
    );
  });
}

const ticksPerSecond = 100;

/** User and system time of a process so far, in seconds (proc(5), `/proc/PID/stat`). */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
