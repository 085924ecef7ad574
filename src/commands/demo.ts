// `replicar demo`: two embedded stores with the sidecar between them.

import { SidecarError } from '../errors.ts';
import type { CommandContext } from './command.ts';

export async function run(_context: CommandContext): Promise<number> {
  throw new SidecarError('the demo is not joined to this command', {
    code: 'not-joined',
    retryable: false,
  });
}
