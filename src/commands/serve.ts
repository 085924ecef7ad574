// `replicar serve`: the sidecar, until it is told to stop or its journal's disk fails.

import { loadConfig } from '../config.ts';
import { createLogger } from '../log.ts';
import { Sidecar } from '../sidecar.ts';
import { aborted } from './aborted.ts';
import type { CommandContext } from './command.ts';

export async function run(context: CommandContext): Promise<number> {
  const config = loadConfig(context.env, context.readFile);
  const log = createLogger({ level: config.logLevel });
  const sidecar = await Sidecar.open({ config, log, version: context.version });
  log.info(
    {
      version: context.version,
      listen: sidecar.address,
      admin: sidecar.adminAddress,
      site: config.site,
      source: config.source.url,
      targets: config.targets.map(({ name, endpoint }) => ({ name, endpoint: endpoint.url })),
      rules: config.rules.map(({ name, text }) => ({ name, text })),
    },
    'serving',
  );
  const broken = await Promise.race([sidecar.journal.broken, aborted(context.signal)]);
  if (broken !== undefined) {
    log.fatal({ err: broken }, 'stopping: the journal cannot be written any more');
    await sidecar.close({ timeoutMs: 0, drainMs: 0 });
    return 1;
  }
  log.info({ timeoutMs: config.shutdown.timeoutMs }, 'stopping');
  await sidecar.close(config.shutdown);
  return 0;
}
