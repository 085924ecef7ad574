// A terminal that records what is written to it.

import { runCommandLine } from '../../src/commands/run.ts';

export interface Recorded {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  readonly isTTY?: boolean;
  readonly signal?: AbortSignal;
  /** Told after each write to the output. */
  readonly onWrite?: (text: string) => void;
}

export async function runRecorded(
  words: readonly string[],
  { env = {}, isTTY = false, signal, onWrite }: Surroundings = {},
): Promise<Recorded> {
  let output = '';
  let errors = '';
  const code = await runCommandLine(words, {
    env,
    readFile: (path) => {
      throw Object.assign(new Error(`no file ${path}`), { code: 'ENOENT' });
    },
    version: '1.2.3',
    write: (text) => {
      output += text;
      onWrite?.(text);
    },
    writeError: (text) => {
      errors += text;
    },
    isTTY,
    signal: signal ?? new AbortController().signal,
  });
  return { code, output, errors };
}
