// Runs a command line in a terminal, and turns how it ended into an exit code and a message.

import { ConfigError } from '../config/fault.ts';
import { SidecarError } from '../errors.ts';
import { parseCommandLine } from './arguments.ts';
import type { Terminal } from './command.ts';
import { renderCommandHelp, renderHelp } from './help.ts';
import { printable } from './paint.ts';

export async function runCommandLine(
  words: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const invocation = parseCommandLine(words);
  if (invocation.kind === 'version') {
    terminal.write(`${terminal.version}\n`);
    return 0;
  }
  if (invocation.kind === 'help') {
    const { command } = invocation;
    const text = command === undefined ? renderHelp(terminal.version) : renderCommandHelp(command);
    terminal.write(text);
    return 0;
  }
  if (invocation.kind === 'fault') {
    const help = ['replicar', invocation.command?.name, '--help'].filter(Boolean).join(' ');
    terminal.writeError(`replicar: ${printable(invocation.message)}\nSee "${help}".\n`);
    return 2;
  }
  const { command, options, positionals } = invocation;
  try {
    const { run } = await command.load();
    return await run({ ...terminal, options, positionals });
  } catch (error) {
    return report(error, terminal);
  }
}

function report(error: unknown, { writeError, signal }: Terminal): number {
  if (error instanceof ConfigError) {
    for (const line of error.message.split('\n')) writeError(`${printable(line)}\n`);
    return 2;
  }
  // Whoever stopped it knows why it did not end well.
  if (signal.aborted && error instanceof SidecarError) return 1;
  if (error instanceof SidecarError) {
    const hint = error.hint === undefined ? '' : `  ${printable(error.hint)}\n`;
    writeError(`replicar: ${printable(error.message)}\n${hint}`);
    return 1;
  }
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  writeError(`replicar: this is a fault of the program\n${trace}\n`);
  return 1;
}
