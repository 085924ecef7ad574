// What a command is, and what it is given to work with.

import type { Environment, ReadFile } from '../config/reader.ts';

export interface Terminal {
  readonly env: Environment;
  readonly readFile: ReadFile;
  readonly version: string;
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  /** Whether the output is a terminal. */
  readonly isTTY: boolean;
  /** Aborts when the user or the supervisor wants the command to end. */
  readonly signal: AbortSignal;
}

export interface CommandContext extends Terminal {
  readonly options: Readonly<Record<string, string | true | undefined>>;
  readonly positionals: readonly string[];
}

/** Resolves with the exit code: 0 done, 1 the job failed or found differences, 2 wrong usage or configuration. */
export type Run = (context: CommandContext) => Promise<number>;

export interface Option {
  /** What the value is called in the help; without one the option takes none. */
  readonly value?: string;
  readonly help: string;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, Option>>;
  readonly positionals: readonly { readonly name: string; readonly required: boolean }[];
  /** More for `COMMAND --help`. */
  readonly details?: () => string;
  readonly load: () => Promise<{ readonly run: Run }>;
}
