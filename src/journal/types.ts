// The journal's interface: what the rest of the sidecar may know of the durable log. Free of any storage
// engine's terms, so that another engine can take its place.

/** What is known before a write goes to the source: which keys it may be about to change, and for whom. */
export interface IntentDraft {
  /** AWS's operation name. */
  readonly operation: string;
  readonly bucket: string;
  /** The keys that may change; empty only for a whole-bucket intent (a body too long to parse). */
  readonly keys: readonly IntentKey[];
  /** CompleteMultipartUpload: the sizes in bytes of the parts that the request names, in order. */
  readonly partSizes?: readonly number[];
  readonly uploadId?: string;
  /** When it was opened, ms since the epoch, by the source's clock as far as it is known. */
  readonly openedAt: number;
}

export interface IntentKey {
  readonly key: string;
  /** The version that the request names, if it names one. */
  readonly versionId?: string;
  /** Names of the targets that a rule may want this key on, with what the rule replicates. */
  readonly targets: readonly string[];
}

export interface Intent extends IntentDraft {
  readonly id: number;
  /** How often the source was asked about it without a final answer, and when it is to be asked again (ms). */
  readonly asked: number;
  readonly askAt: number;
}

/**
 * What really happened to one key.
 * - `object`: a new version, or on an unversioned bucket new content.
 * - `marker`: a new delete marker.
 * - `version-delete`: one version (or marker) was removed for good.
 * - `delete`: on an unversioned bucket the object was removed.
 * - `metadata`: tags of a version changed (retention and legal hold follow in a later version).
 */
export type ChangeKind = 'object' | 'marker' | 'version-delete' | 'delete' | 'metadata';

export interface Change {
  readonly kind: ChangeKind;
  readonly bucket: string;
  readonly key: string;
  /** The source's version id; `null` (the string) for the null version and on unversioned buckets. */
  readonly versionId: string;
  /** The source's ETag without quotes, where the answer named it. */
  readonly etag?: string;
  /** Multipart objects: part sizes in bytes, in order. */
  readonly partSizes?: readonly number[];
  /** When the source accepted it, ms since the epoch, by the sidecar's clock. */
  readonly acceptedAt: number;
  /** version-delete: whether the removed version was a marker, where known. */
  readonly marker?: boolean;
}

export type TaskClass = 'live' | 'background';

/** A change for some targets, as it is handed to the journal. */
export interface TaskDraft {
  readonly change: Change;
  readonly targets: readonly string[];
  readonly class: TaskClass;
}

/**
 * One change for one target.
 *
 *   waiting ─▶ in flight ─▶ done | failed (due later) | parked (due much later, needs a person) | quarantined
 */
export type TaskState = 'waiting' | 'failed' | 'parked' | 'quarantined';

export interface Task {
  /** Ever growing; per key the order of the source's history. */
  readonly sequence: number;
  readonly target: string;
  readonly class: TaskClass;
  readonly change: Change;
  readonly state: TaskState;
  /** Attempts begun, this one included. */
  readonly attempts: number;
  /** Attempts begun since the last one that ended in an orderly way: more than 5 means it kills the worker. */
  readonly crashes: number;
  readonly failure?: TaskFailure;
  /** Where a multipart upload to the target stands, so that a later attempt goes on there. */
  readonly uploadId?: string;
}

export interface TaskFailure {
  /** A stable word: `target-down`, `AccessDenied`, `etag-mismatch` … */
  readonly code: string;
  /** A sentence that a person can act on. Never holds a secret. */
  readonly reason: string;
  readonly at: number;
}

export type StatusState = 'PENDING' | 'COMPLETED' | 'FAILED';

/** What is known of one version at one target. */
export interface TargetStatus {
  readonly state: StatusState;
  readonly at: number;
  readonly reason?: string;
  /** The version id that the target gave it, where it differs from the source's. */
  readonly targetVersionId?: string;
  /** Set while the removal of this version (or the creation of this marker) is under way. */
  readonly deletion?: 'version' | 'marker';
}

export interface VersionStatus {
  readonly replica: boolean;
  /** For `null` versions: the ETag this status is about. */
  readonly etag?: string;
  readonly targets: Readonly<Record<string, TargetStatus>>;
}

export interface VersionName {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
}

/** A bucket that must be gone over as a whole for a target, and why. Kept until a resync has done it. */
export interface Mark {
  readonly bucket: string;
  readonly target: string;
  readonly reason: string;
  readonly at: number;
}

export interface TargetCounts {
  /** Tasks not yet done, tried or not. */
  readonly pending: number;
  /** Those whose last attempt failed, parked and quarantined ones included. */
  readonly failed: number;
  /** Those that need a person. */
  readonly parked: number;
  /** When the source accepted the oldest one, ms; undefined if there is none. */
  readonly oldestAt: number | undefined;
}

export interface JournalHealth {
  readonly state: 'ok' | 'full' | 'damaged';
  /** What is wrong, for a person. */
  readonly reason?: string;
  readonly sizeBytes: number;
  readonly freeBytes: number;
}

export interface Claim {
  readonly target: string;
  readonly class: TaskClass;
  readonly max: number;
  /** Wait until the counted attempt is on disk (targets that mint version ids). */
  readonly durable: boolean;
}

export interface Completion {
  /** The version id the target gave, where it differs. */
  readonly targetVersionId?: string;
  /** The source's facts as they were sent, where the change did not know them. */
  readonly etag?: string;
}

export interface Postponement {
  readonly failure: TaskFailure;
  readonly state: 'failed' | 'parked' | 'quarantined';
  /** When it is due again, ms since the epoch. */
  readonly dueAt: number;
  /** Whether the worker ended in an orderly way (its crash counter starts anew). */
  readonly orderly: boolean;
}

export interface FailedTask extends Task {
  readonly dueAt: number;
}

/**
 * The durable log. All writes go through one queue that commits what is pending as one batch. Unless it says
 * "durable", a promise resolves when the batch is written (it survives the process, not yet the power).
 * A rejected write is a SidecarError: `journal-full` (503, try later) or `journal-broken` (stop the process).
 */
export interface Journal {
  /** Durable: resolves after the fdatasync that covers it. */
  openIntent(draft: IntentDraft): Promise<Intent>;
  /** Ends an intent: its changes become tasks (and PENDING statuses) in one batch. Resolves with the tasks, in order. */
  settle(intentId: number, drafts: readonly TaskDraft[]): Promise<readonly Task[]>;
  /** Ends an intent that changed nothing. */
  drop(intentId: number): Promise<void>;
  /** Notes how often the source was asked about an open intent, and when it is to be asked again (ms). */
  askAgain(intentId: number, next: { asked: number; askAt: number }): Promise<void>;
  /** Open intents in order of their ids, read page by page. */
  openIntents(afterId?: number, limit?: number): Promise<readonly Intent[]>;
  /** Tasks without an intent (scanner, resync). */
  enqueue(drafts: readonly TaskDraft[]): Promise<readonly Task[]>;

  /** Heads of lanes that are neither in flight nor at rest, oldest first, attempts counted before it resolves. */
  claim(claim: Claim): Promise<readonly Task[]>;
  /** Ends a task: its status becomes COMPLETED, or goes away for a version delete; the next of the lane gets ready. */
  complete(task: Task, completion: Completion): Promise<void>;
  /** Puts a task to rest until `dueAt`; its status becomes FAILED. Its lane waits with it. */
  postpone(task: Task, postponement: Postponement): Promise<void>;
  /** Gives a claimed task back untried (the attempt is not counted). */
  release(task: Task): Promise<void>;
  /** Keeps the target's upload id with the task; durable. */
  noteUpload(task: Task, uploadId: string | undefined): Promise<void>;
  /** Makes resting lanes ready again: those that are due at `now`; or all, or one key's, whatever their time. */
  wake(
    target: string,
    which: { dueAt: number } | { bucket: string; key: string } | 'all' | 'unparked',
  ): Promise<number>;
  /** When the next resting lane of the target is due, ms. */
  nextDue(target: string): Promise<number | undefined>;
  /** Failed, parked and quarantined tasks of a target, a page at a time. */
  failures(
    target: string,
    page: { after?: string; limit: number },
  ): Promise<{ tasks: readonly FailedTask[]; next?: string }>;
  /** Drops everything that waits for a target; resolves with how many tasks that were. */
  discard(target: string): Promise<number>;
  /** Tells when tasks of a target became ready. Returns the unsubscriber. */
  onReady(target: string, listener: () => void): () => void;

  status(version: VersionName): Promise<VersionStatus | undefined>;
  /** The statuses of a key's versions that begin with this key exactly. */
  statusesOf(
    bucket: string,
    key: string,
  ): Promise<readonly { versionId: string; status: VersionStatus }[]>;

  mark(mark: Mark): Promise<void>;
  marks(): Promise<readonly Mark[]>;
  setPaused(target: string, paused: boolean): Promise<void>;
  pausedTargets(): Promise<readonly string[]>;

  /** Kept in memory, exact. Knows targets that are no longer configured too. */
  counts(target: string): TargetCounts;
  knownTargets(): readonly string[];
  intentsOpen(): number;
  health(): JournalHealth;
  close(): Promise<void>;
}
