// `replicar pause`: stops sending to a target; what comes for it is kept.

import { withAdmin } from './admin-client.ts';
import type { CommandContext } from './command.ts';

export async function run(context: CommandContext): Promise<number> {
  const [target = ''] = context.positionals;
  await withAdmin(context, (client) => client.post('/api/pause', { target }));
  context.write(`${target} is paused: its queue is kept\n`);
  return 0;
}
