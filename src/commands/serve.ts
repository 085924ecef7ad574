// `replicar serve`: the sidecar, until it is told to stop.

import { loadConfig } from '../config.ts';
import { SidecarError } from '../errors.ts';
import type { CommandContext } from './command.ts';

export async function run(context: CommandContext): Promise<number> {
  loadConfig(context.env, context.readFile);
  throw new SidecarError('the sidecar is not joined to this command', {
    code: 'not-joined',
    retryable: false,
  });
}
