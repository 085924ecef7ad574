// `replicar discard`: drops what waits for a target that is no longer configured.

import { withAdmin } from './admin-client.ts';
import { expectCount } from './answers.ts';
import type { CommandContext } from './command.ts';

export async function run(context: CommandContext): Promise<number> {
  const [target = ''] = context.positionals;
  const discarded = await withAdmin(context, async (client) =>
    expectCount(await client.post('/api/discard', { target }), 'discarded'),
  );
  context.write(`${discarded} ${discarded === 1 ? 'task' : 'tasks'} for ${target} dropped\n`);
  return 0;
}
