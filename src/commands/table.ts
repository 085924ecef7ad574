// The one table of commands: `--help`, the parsing of arguments and the hints are made from it. A command's
// own code is loaded only when it runs.

import { renderConfigurationHelp } from '../config/render.ts';
import type { Command } from './command.ts';

const json = { help: 'print JSON' };
const targetName = { name: 'TARGET', required: true };

export const commands: readonly Command[] = [
  {
    name: 'serve',
    summary: 'run the sidecar',
    options: {},
    positionals: [],
    details: () => `Configured by environment variables alone:\n\n${renderConfigurationHelp()}`,
    load: () => import('./serve.ts'),
  },
  {
    name: 'demo',
    summary: 'show the whole thing on this machine, with two embedded stores',
    options: {
      once: { help: 'end after the tour: exit code 0 only if the target equals the source' },
    },
    positionals: [],
    load: () => import('./demo.ts'),
  },
  {
    name: 'status',
    summary: 'targets, backlog, age of the oldest task, last errors',
    options: { json, watch: { help: 'draw it anew every 2 seconds' } },
    positionals: [],
    load: () => import('./status.ts'),
  },
  {
    name: 'failures',
    summary: 'what is failed or parked, and why',
    options: { target: { value: 'TARGET', help: 'of this target alone' }, json },
    positionals: [],
    load: () => import('./failures.ts'),
  },
  {
    name: 'retry',
    summary: 'try again now what waits after a failure',
    options: { target: { value: 'TARGET', help: 'at this target alone' } },
    positionals: [{ name: 'BUCKET/KEY', required: false }],
    load: () => import('./retry.ts'),
  },
  {
    name: 'pause',
    summary: 'stop sending to a target, and keep its queue',
    options: {},
    positionals: [targetName],
    load: () => import('./pause.ts'),
  },
  {
    name: 'resume',
    summary: 'send to a paused target again',
    options: {},
    positionals: [targetName],
    load: () => import('./resume.ts'),
  },
  {
    name: 'discard',
    summary: 'drop what waits for a target that is no longer configured',
    options: {},
    positionals: [targetName],
    load: () => import('./discard.ts'),
  },
];

/** Commands that people may have read of: they come later, and are no typos. */
export const laterCommands: ReadonlySet<string> = new Set(['resync', 'verify', 'mirror']);
