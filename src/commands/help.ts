// The help texts, made from the table of commands.

import { alignColumns } from './columns.ts';
import type { Command } from './command.ts';
import { commands } from './table.ts';

export function renderHelp(version: string): string {
  const rows = commands.map((command) => [`  ${usage(command)}`, command.summary]);
  return `replicar ${version}: bucket replication for any S3-compatible store

Usage: replicar COMMAND

${alignColumns([
  ...rows,
  ['  COMMAND --help', 'more about a command; serve --help lists the environment variables'],
  ['  --version', 'the version'],
])}
The commands from status to discard talk to a running sidecar at REPLICAR_ADMIN_URL
(http://127.0.0.1:9090), with REPLICAR_ADMIN_TOKEN where it asks for a token.
Exit codes: 0 done, 1 the job failed, 2 wrong usage or configuration.
`;
}

export function renderCommandHelp(command: Command): string {
  const options = Object.entries(command.options).map(([name, { value, help }]) => [
    `  --${name}${value === undefined ? '' : ` ${value}`}`,
    help,
  ]);
  const listed = options.length === 0 ? '' : `\nOptions:\n${alignColumns(options)}`;
  const details = command.details === undefined ? '' : `\n${command.details()}`;
  return `Usage: replicar ${usage(command)}\n\n${command.summary}\n${listed}${details}`;
}

function usage(command: Command): string {
  const options = Object.entries(command.options).map(
    ([name, { value }]) => `[--${name}${value === undefined ? '' : ` ${value}`}]`,
  );
  const positionals = command.positionals.map(({ name, required }) =>
    required ? name : `[${name}]`,
  );
  return [command.name, ...options, ...positionals].join(' ');
}
