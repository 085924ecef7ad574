// The admin listener's source over the journal and the running targets.

import { SidecarError } from '../errors.ts';
import type { Rule } from '../replication/rules.ts';
import { readFailures } from './failures.ts';
import {
  leftovers,
  reportJournal,
  reportLeftover,
  reportReady,
  reportResyncs,
  reportRule,
  reportTarget,
  secondsBetween,
  type TargetRuntime,
} from './report.ts';
import type { AdminJournal, AdminSource, ObjectName } from './types.ts';

export interface AdminSourceParts {
  readonly journal: AdminJournal;
  /** The configured targets as they are now. */
  readonly targets: () => readonly TargetRuntime[];
  /** Stop and restart sending; both resolve when the wish is durable. */
  readonly pause: (target: string) => Promise<void>;
  readonly resume: (target: string) => Promise<void>;
  /** Makes resting tasks due now, of one target or all; resolves with how many keys that woke. */
  readonly retry: (target: string | undefined, object: ObjectName | undefined) => Promise<number>;
  readonly rules: readonly Rule[];
  readonly version: string;
  readonly site: string;
  /** ms since the epoch. */
  readonly startedAt: number;
  /** Whether the source has answered since the start. */
  readonly sourceReached: () => boolean;
  readonly now?: () => number;
}

export function createAdminSource(parts: AdminSourceParts): AdminSource {
  const { journal } = parts;
  const now = parts.now ?? Date.now;
  const rules = parts.rules.map(reportRule);
  const configured = () => new Set(parts.targets().map(({ name }) => name));
  const held = () => leftovers(journal, configured());
  return {
    status: async () => ({
      version: parts.version,
      site: parts.site,
      uptimeSeconds: secondsBetween(parts.startedAt, now()),
      intentsOpen: journal.intentsOpen(),
      journal: reportJournal(journal),
      targets: [
        ...parts.targets().map((target) => reportTarget(journal, target, now())),
        ...held().map((name) => reportLeftover(journal, name, now())),
      ],
      rules,
      resyncs: await reportResyncs(journal),
      scan: { state: 'off' },
    }),
    ready: () => reportReady(parts.sourceReached(), journal, parts.targets()),
    async failures(query) {
      const names = [...configured(), ...held()];
      if (query.target !== undefined) requireTarget(query.target, names);
      return await readFailures(journal, names, query);
    },
    async retry({ target, object }) {
      if (target !== undefined) requireTarget(target, configured());
      return await parts.retry(target, object);
    },
    async pause(target) {
      requireTarget(target, configured());
      await parts.pause(target);
    },
    async resume(target) {
      requireTarget(target, configured());
      await parts.resume(target);
    },
    async discard(target) {
      refuseConfigured(target, configured());
      requireTarget(target, held());
      return await journal.discard(target);
    },
  };
}

function requireTarget(target: string, names: Iterable<string>): void {
  const known = [...names];
  if (known.includes(target)) return;
  throw new SidecarError(`there is no target "${target}" here`, {
    code: 'unknown-target',
    retryable: false,
    hint: known.length === 0 ? 'there is none at all' : `there is: ${known.join(', ')}`,
  });
}

function refuseConfigured(target: string, configured: ReadonlySet<string>): void {
  if (!configured.has(target)) return;
  throw new SidecarError(`target "${target}" is configured`, {
    code: 'target-configured',
    retryable: false,
    hint: 'discard is for targets that are no longer configured: take its variables away and restart first',
  });
}
