// From the words of a command line to what is to be done. Pure.

import { parseArgs } from 'node:util';
import { notInThisVersion } from '../config/table.ts';
import { nearest } from '../nearest.ts';
import type { Command } from './command.ts';
import { commands, laterCommands } from './table.ts';

export type Invocation =
  | { readonly kind: 'help'; readonly command?: Command }
  | { readonly kind: 'version' }
  | {
      readonly kind: 'run';
      readonly command: Command;
      readonly options: Readonly<Record<string, string | true>>;
      readonly positionals: readonly string[];
    }
  | { readonly kind: 'fault'; readonly message: string; readonly command?: Command };

export function parseCommandLine(words: readonly string[]): Invocation {
  const [first, ...rest] = words;
  if (first === undefined) return { kind: 'fault', message: 'a command is missing' };
  if (first === '--help' || first === '-h') return { kind: 'help' };
  if (first === '--version') return { kind: 'version' };
  if (first === 'help') return parseHelp(rest[0]);
  if (first.startsWith('-')) {
    return { kind: 'fault', message: unknown('option', first, ['--help', '--version']) };
  }
  const command = findCommand(first);
  if ('kind' in command) return command;
  return parseCommandArguments(command, rest);
}

function parseHelp(name: string | undefined): Invocation {
  if (name === undefined) return { kind: 'help' };
  const command = findCommand(name);
  return 'kind' in command ? command : { kind: 'help', command };
}

function findCommand(name: string): Command | Extract<Invocation, { kind: 'fault' }> {
  const command = commands.find((candidate) => candidate.name === name);
  if (command !== undefined) return command;
  if (laterCommands.has(name)) {
    return { kind: 'fault', message: `"${name}" is ${notInThisVersion}` };
  }
  return {
    kind: 'fault',
    message: unknown(
      'command',
      name,
      commands.map((known) => known.name),
    ),
  };
}

function parseCommandArguments(command: Command, words: readonly string[]): Invocation {
  const fault = (message: string): Invocation => ({ kind: 'fault', message, command });
  const types = Object.entries(command.options).map(([name, { value }]) => [
    name,
    { type: value === undefined ? 'boolean' : 'string' } as const,
  ]);
  const { tokens } = parseArgs({
    args: [...words],
    options: Object.fromEntries(types),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const options: Record<string, string | true> = {};
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    if (token.rawName === '--help' || token.rawName === '-h') return { kind: 'help', command };
    const option = Object.hasOwn(command.options, token.name)
      ? command.options[token.name]
      : undefined;
    if (option === undefined || !token.rawName.startsWith('--')) {
      const known = ['help', ...Object.keys(command.options)].map((name) => `--${name}`);
      return fault(unknown('option', token.rawName, known));
    }
    if (option.value === undefined && token.value !== undefined) {
      return fault(`--${token.name} takes no value`);
    }
    if (option.value !== undefined && (token.value ?? '') === '') {
      return fault(`--${token.name} needs a value: --${token.name} ${option.value}`);
    }
    options[token.name] = token.value ?? true;
  }
  const missing = command.positionals.find(
    ({ required }, index) => required && (positionals[index] ?? '') === '',
  );
  if (missing !== undefined) return fault(`${missing.name} is missing`);
  const extra = positionals[command.positionals.length];
  if (extra !== undefined) return fault(`there is one word too many: "${extra}"`);
  return { kind: 'run', command, options, positionals };
}

function unknown(what: string, word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
  return `there is no ${what} "${word}"${hint}`;
}
