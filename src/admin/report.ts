// The shapes of the admin API, made from what the journal and the running targets know.

import type { Rule } from '../replication/rules.ts';
import type {
  AdminJournal,
  JournalReport,
  LagReport,
  ReadyReport,
  ResyncReport,
  RuleReport,
  TargetReport,
  TargetState,
} from './types.ts';

/** What a running target says of itself. */
export interface TargetRuntime {
  readonly name: string;
  readonly endpoint: string;
  readonly dialect: string;
  readonly state: TargetState;
  readonly sync: boolean;
  /** Since the start of the process. */
  readonly completed: number;
  readonly completedBytes: number;
  readonly lagSeconds: LagReport;
  readonly lastError: string | undefined;
  /** ms since the epoch. */
  readonly lastErrorAt: number | undefined;
}

/** Targets that nobody configures any more and that still have tasks. */
export function leftovers(
  journal: AdminJournal,
  configured: ReadonlySet<string>,
): readonly string[] {
  return journal
    .knownTargets()
    .filter((name) => !configured.has(name) && journal.counts(name).pending > 0);
}

export function reportTarget(
  journal: AdminJournal,
  runtime: TargetRuntime,
  now: number,
): TargetReport {
  const { lastError, lastErrorAt, ...rest } = runtime;
  return {
    ...rest,
    configured: true,
    ...reportCounts(journal, runtime.name, now),
    lastError: lastError ?? null,
    lastErrorAt: lastErrorAt === undefined ? null : new Date(lastErrorAt).toISOString(),
  };
}

export function reportLeftover(journal: AdminJournal, name: string, now: number): TargetReport {
  return {
    name,
    endpoint: '',
    dialect: '',
    state: 'paused',
    configured: false,
    sync: false,
    ...reportCounts(journal, name, now),
    completed: 0,
    completedBytes: 0,
    lagSeconds: { p50: null, p99: null },
    lastError: 'no longer configured: its tasks are held until it is, or until they are discarded',
    lastErrorAt: null,
  };
}

function reportCounts(journal: AdminJournal, target: string, now: number) {
  const { pending, failed, parked, oldestAt } = journal.counts(target);
  return { pending, failed, parked, oldestSeconds: secondsBetween(oldestAt ?? now, now) };
}

export function secondsBetween(fromMs: number, toMs: number): number {
  return Math.max(0, Math.round((toMs - fromMs) / 1000));
}

export function reportJournal(journal: AdminJournal): JournalReport {
  const { state, reason, sizeBytes, freeBytes } = journal.health();
  return { state, reason: reason ?? null, sizeBytes, freeBytes };
}

export async function reportResyncs(journal: AdminJournal): Promise<readonly ResyncReport[]> {
  const marks = await journal.marks();
  return marks.map(({ bucket, target, reason, at }) => {
    return { bucket, target, state: 'wanted', reason, since: new Date(at).toISOString() };
  });
}

export function reportRule(rule: Rule): RuleReport {
  return {
    name: rule.name,
    bucket: rule.bucket,
    prefix: rule.prefix,
    target: rule.target,
    targetBucket: rule.targetBucket ?? null,
    priority: rule.priority,
    replicate: [...rule.replicate].toSorted(),
    enabled: rule.enabled,
    origin: rule.origin,
  };
}

/** Neither a dead target nor an ill journal takes traffic away: reads go on. Both are told. */
export function reportReady(
  sourceReached: boolean,
  journal: AdminJournal,
  targets: readonly TargetRuntime[],
): ReadyReport {
  const { state, reason } = journal.health();
  const cause = reason === undefined ? '' : `: ${reason}`;
  const down = targets.filter((target) => target.state === 'down');
  return {
    ready: sourceReached,
    reasons: sourceReached ? [] : ['the source has not answered yet'],
    warnings: [
      ...(state === 'ok' ? [] : [`journal ${state}${cause}`]),
      ...down.map(({ name }) => `target ${name} is down`),
    ],
  };
}
