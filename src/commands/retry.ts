// `replicar retry`: what waits after a failure is tried now: all of it, one target's or one object's.

import { withAdmin } from './admin-client.ts';
import { expectCount } from './answers.ts';
import type { CommandContext } from './command.ts';

export async function run(context: CommandContext): Promise<number> {
  const [object] = context.positionals;
  const slash = object?.indexOf('/') ?? -1;
  if (object !== undefined && (slash < 1 || slash === object.length - 1)) {
    context.writeError('replicar: expected BUCKET/KEY, as "replicar failures" shows it\n');
    return 2;
  }
  const named =
    object === undefined ? {} : { bucket: object.slice(0, slash), key: object.slice(slash + 1) };
  const target = context.options['target'];
  const body = target === undefined ? named : { ...named, target };
  const woken = await withAdmin(context, async (client) =>
    expectCount(await client.post('/api/retry', body), 'woken'),
  );
  context.write(woken === 0 ? 'nothing waits after a failure\n' : `${count(woken)} tried now\n`);
  return 0;
}

function count(keys: number): string {
  return keys === 1 ? '1 key is' : `${keys} keys are`;
}
