// What is known of one version, as it is written down, and how tasks change it. Pure.
//
//   PENDING ─▶ COMPLETED | FAILED ─▶ …   PENDING again on a metadata change or a new attempt's success
//                                        before a later task of the same version
//
// A target stands here as its epoch: a number that is made anew when its endpoint or bucket changes, so that all
// that was known of the former one is void without a record being touched.

import { parsePayload } from './record.ts';
import type { Change, Completion, StatusState, TargetStatus, VersionStatus } from './types.ts';

export interface StatusRecord {
  readonly replica: boolean;
  readonly etag?: string;
  readonly targets: ReadonlyMap<number, StatusEntry>;
}

export interface StatusEntry extends TargetStatus {
  /** The last task that touched it; an earlier one that ends does not make it COMPLETED. */
  readonly sequence?: number;
}

export interface Touch {
  readonly change: Change;
  readonly epoch: number;
  readonly sequence: number;
  readonly at: number;
}

const unknown: StatusRecord = { replica: false, targets: new Map() };

/** A change was queued for some targets. */
export function pending(
  status: StatusRecord | undefined,
  change: Change,
  queued: readonly { readonly epoch: number; readonly sequence: number }[],
  at: number,
): StatusRecord {
  const deletion = deletionBy(change);
  const base = isNewContent(change) ? withNewContent(status, change) : (status ?? unknown);
  const targets = new Map(base.targets);
  for (const { epoch, sequence } of queued) {
    const targetVersionId = status?.targets.get(epoch)?.targetVersionId;
    const isPlain = targetVersionId === undefined && deletion === undefined;
    const entry: StatusEntry = { state: 'PENDING', at, sequence };
    targets.set(
      epoch,
      isPlain
        ? entry
        : {
            ...entry,
            ...(targetVersionId !== undefined && { targetVersionId }),
            ...(deletion !== undefined && { deletion }),
          },
    );
  }
  const { replica, etag } = base;
  return etag === undefined ? { replica, targets } : { replica, etag, targets };
}

/** A task succeeded. Undefined: nothing is left to be known of the version. */
export function completed(
  status: StatusRecord | undefined,
  touch: Touch,
  completion: Completion,
): StatusRecord | undefined {
  const { change, epoch, sequence, at } = touch;
  const entry = status?.targets.get(epoch);
  const overtaken = (entry?.sequence ?? 0) > sequence;
  if (isRemoval(change) && !overtaken) return withoutEntry(status, epoch);
  const targetVersionId = completion.targetVersionId ?? entry?.targetVersionId;
  const base = learnEtag(status ?? unknown, change, overtaken ? undefined : completion.etag);
  if (isRemoval(change)) return base;
  return withEntry(base, epoch, {
    state: overtaken ? 'PENDING' : 'COMPLETED',
    at,
    ...(targetVersionId !== undefined && { targetVersionId }),
    ...(overtaken && entry?.sequence !== undefined && { sequence: entry.sequence }),
    ...(overtaken && entry?.deletion !== undefined && { deletion: entry.deletion }),
    ...(!overtaken && change.kind === 'marker' && { deletion: 'marker' }),
  });
}

/** A task's attempt failed; whatever follows in its lane waits with it. */
export function failed(
  status: StatusRecord | undefined,
  touch: Touch,
  reason: string,
): StatusRecord {
  const { change, epoch, sequence, at } = touch;
  const before = status?.targets.get(epoch);
  const deletion = before?.deletion ?? deletionBy(change);
  return withEntry(status ?? unknown, epoch, {
    state: 'FAILED',
    at,
    reason,
    sequence: Math.max(before?.sequence ?? 0, sequence),
    ...(before?.targetVersionId !== undefined && { targetVersionId: before.targetVersionId }),
    ...(deletion !== undefined && { deletion }),
  });
}

/** A task was dropped. What the target already has of the version stays known. */
export function discarded(
  status: StatusRecord | undefined,
  touch: Touch,
): StatusRecord | undefined {
  const entry = status?.targets.get(touch.epoch);
  if (status === undefined || entry === undefined) return status;
  if (entry.targetVersionId === undefined) return withoutEntry(status, touch.epoch);
  return withEntry(status, touch.epoch, {
    state: 'FAILED',
    at: touch.at,
    reason: 'what waited for this target was discarded',
    targetVersionId: entry.targetVersionId,
  });
}

export function encodeStatus(status: StatusRecord): string {
  const entries: StoredEntry[] = [];
  for (const [epoch, entry] of status.targets) entries.push(storedEntry(epoch, entry));
  if (status.replica) return JSON.stringify([entries, status.etag ?? '', 1]);
  return JSON.stringify(status.etag === undefined ? [entries] : [entries, status.etag]);
}

function storedEntry(epoch: number, entry: StatusEntry): StoredEntry {
  const rare: RareEntry = {};
  if (entry.reason !== undefined) rare.r = entry.reason;
  if (entry.targetVersionId !== undefined) rare.v = entry.targetVersionId;
  if (entry.deletion !== undefined) rare.d = entry.deletion === 'marker' ? 1 : 0;
  if (entry.sequence !== undefined) rare.q = entry.sequence;
  const state = states.indexOf(entry.state);
  const isRare = entry.sequence !== undefined || Object.keys(rare).length > 0;
  return isRare ? [epoch, state, entry.at, rare] : [epoch, state, entry.at];
}

/** `isCurrent` tells which epochs still mean a target; entries of others are left out. */
export function decodeStatus(payload: string, isCurrent: (epoch: number) => boolean): StatusRecord {
  const [entries, etag, replica] = parsePayload<Stored>(payload);
  const targets = new Map<number, StatusEntry>();
  for (const [epoch, state, at, rare] of entries) {
    if (!isCurrent(epoch)) continue;
    targets.set(epoch, {
      state: states[state] ?? 'PENDING',
      at,
      ...(rare?.r !== undefined && { reason: rare.r }),
      ...(rare?.v !== undefined && { targetVersionId: rare.v }),
      ...(rare?.d !== undefined && { deletion: rare.d === 1 ? 'marker' : 'version' }),
      ...(rare?.q !== undefined && { sequence: rare.q }),
    });
  }
  return {
    replica: replica === 1,
    targets,
    ...(etag !== undefined && etag !== '' && { etag }),
  };
}

/** The status as the rest of the sidecar sees it; undefined if no target knows the version any more. */
export function toVersionStatus(
  status: StatusRecord,
  nameOf: (epoch: number) => string | undefined,
): VersionStatus | undefined {
  const targets: Record<string, TargetStatus> = {};
  for (const [epoch, { sequence: _, ...entry }] of status.targets) {
    const name = nameOf(epoch);
    if (name !== undefined) targets[name] = entry;
  }
  if (Object.keys(targets).length === 0 && !status.replica) return undefined;
  return {
    replica: status.replica,
    targets,
    ...(status.etag !== undefined && { etag: status.etag }),
  };
}

/** Only the null version can get new content; its record then is about the new one alone. */
function isNewContent(change: Change): boolean {
  return change.versionId === 'null' && (change.kind === 'object' || change.kind === 'marker');
}

/** What is known of the same content stays; what was known of former content goes. */
function withNewContent(status: StatusRecord | undefined, change: Change): StatusRecord {
  const same = status !== undefined && change.etag !== undefined && status.etag === change.etag;
  if (same) return status;
  const { etag } = change;
  const targets = new Map<number, StatusEntry>();
  return etag === undefined ? { replica: false, targets } : { replica: false, etag, targets };
}

function learnEtag(status: StatusRecord, change: Change, etag: string | undefined): StatusRecord {
  const isNews = change.versionId === 'null' && status.etag === undefined && etag !== undefined;
  return isNews ? { ...status, etag } : status;
}

const isRemoval = (change: Change): boolean =>
  change.kind === 'version-delete' || change.kind === 'delete';

function deletionBy(change: Change): 'version' | 'marker' | undefined {
  if (isRemoval(change)) return 'version';
  return change.kind === 'marker' ? 'marker' : undefined;
}

function withEntry(status: StatusRecord, epoch: number, entry: StatusEntry): StatusRecord {
  return { ...status, targets: new Map(status.targets).set(epoch, entry) };
}

function withoutEntry(status: StatusRecord | undefined, epoch: number): StatusRecord | undefined {
  if (status === undefined) return undefined;
  const targets = new Map(status.targets);
  targets.delete(epoch);
  return targets.size === 0 && !status.replica ? undefined : { ...status, targets };
}

const states: readonly StatusState[] = ['PENDING', 'COMPLETED', 'FAILED'];

type Stored = [readonly StoredEntry[], string?, 1?];
type StoredEntry = [epoch: number, state: number, at: number, rare?: RareEntry];

interface RareEntry {
  r?: string;
  v?: string;
  d?: 0 | 1;
  q?: number;
}
