// `replicar resume`: sends to a paused target again.

import { withAdmin } from './admin-client.ts';
import type { CommandContext } from './command.ts';

export async function run(context: CommandContext): Promise<number> {
  const [target = ''] = context.positionals;
  await withAdmin(context, (client) => client.post('/api/resume', { target }));
  context.write(`${target} is sent to again\n`);
  return 0;
}
