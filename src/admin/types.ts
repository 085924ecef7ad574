// What the admin listener shows and lets people do, as values; who fills them in is not its concern.

import type { Journal } from '../journal/types.ts';
import type { Replicate } from '../replication/rules.ts';

/** As much of the journal as the admin listener looks at and steers. */
export type AdminJournal = Pick<
  Journal,
  'counts' | 'knownTargets' | 'intentsOpen' | 'health' | 'marks' | 'failures' | 'discard'
>;

export type TargetState = 'up' | 'down' | 'paused';

/** One target in `GET /api/status`. */
export interface TargetReport {
  readonly name: string;
  /** Empty for a target that is no longer configured. */
  readonly endpoint: string;
  readonly dialect: string;
  readonly state: TargetState;
  /** False where tasks wait for a target that is no longer configured; it is then shown as paused. */
  readonly configured: boolean;
  readonly sync: boolean;
  /** Tasks not yet done, tried or not. */
  readonly pending: number;
  /** Those of them whose last attempt failed. */
  readonly failed: number;
  /** Those of `failed` that need a person. */
  readonly parked: number;
  /** Age of the oldest task; 0 where there is none. */
  readonly oldestSeconds: number;
  /** Since the start of the process. */
  readonly completed: number;
  readonly completedBytes: number;
  readonly lagSeconds: LagReport;
  readonly lastError: string | null;
  /** ISO 8601. */
  readonly lastErrorAt: string | null;
}

/** From the source's acceptance to the target's, of the latest completions; null where there are none. */
export interface LagReport {
  readonly p50: number | null;
  readonly p99: number | null;
}

export interface RuleReport {
  readonly name: string;
  readonly bucket: string;
  readonly prefix: string;
  readonly target: string;
  readonly targetBucket: string | null;
  readonly priority: number;
  readonly replicate: readonly Replicate[];
  readonly enabled: boolean;
  readonly origin: 'env' | 'api';
}

/** A bucket that must be gone over as a whole: this version keeps and shows the wish. */
export interface ResyncReport {
  readonly bucket: string;
  readonly target: string;
  readonly state: 'wanted';
  readonly reason: string;
  readonly since: string;
}

export interface JournalReport {
  readonly state: 'ok' | 'full' | 'damaged';
  readonly reason: string | null;
  readonly sizeBytes: number;
  readonly freeBytes: number;
}

export interface StatusReport {
  readonly version: string;
  readonly site: string;
  readonly uptimeSeconds: number;
  readonly intentsOpen: number;
  readonly journal: JournalReport;
  readonly targets: readonly TargetReport[];
  readonly rules: readonly RuleReport[];
  readonly resyncs: readonly ResyncReport[];
  readonly scan: { readonly state: 'off' };
}

/** One failed, parked or quarantined task in `GET /api/failures`. */
export interface FailureReport {
  readonly target: string;
  readonly state: 'failed' | 'parked' | 'quarantined';
  readonly kind: string;
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
  readonly attempts: number;
  readonly code: string;
  readonly reason: string;
  readonly failedAt: string | null;
  readonly nextAttemptAt: string;
}

export interface FailuresPage {
  readonly failures: readonly FailureReport[];
  /** Given back as `after` to read on; null at the end. */
  readonly next: string | null;
}

export interface ReadyReport {
  readonly ready: boolean;
  /** Why it may take no traffic. */
  readonly reasons: readonly string[];
  /** What is wrong without being a reason to send traffic elsewhere. */
  readonly warnings: readonly string[];
}

export interface FailuresQuery {
  readonly target: string | undefined;
  readonly after: string | undefined;
  readonly limit: number;
}

export interface ObjectName {
  readonly bucket: string;
  readonly key: string;
}

export interface RetryRequest {
  readonly target: string | undefined;
  /** One key alone. */
  readonly object: ObjectName | undefined;
}

/**
 * What the admin listener stands on. Rejections are SidecarErrors: `unknown-target` is answered with 404,
 * `target-configured` with 409, `bad-cursor` with 400; all else is a 500 and goes to the log.
 */
export interface AdminSource {
  status(): Promise<StatusReport>;
  ready(): ReadyReport;
  failures(query: FailuresQuery): Promise<FailuresPage>;
  /** Makes resting tasks due now; resolves with how many keys that woke. */
  retry(request: RetryRequest): Promise<number>;
  pause(target: string): Promise<void>;
  resume(target: string): Promise<void>;
  /** Drops what waits for a target that is no longer configured; resolves with how many tasks that were. */
  discard(target: string): Promise<number>;
}
