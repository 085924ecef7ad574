// What the journal is opened with, and what it is beyond the interface that the rest of the sidecar knows.

import type { SidecarError } from '../errors.ts';
import type { Space } from './disk-space.ts';
import type { Log } from './folder.ts';
import type { JournalChanges, TargetIdentity } from './marker.ts';
import type { OpenStorage } from './storage.ts';
import type { Journal } from './types.ts';

export interface JournalOptions {
  readonly dataDir: string;
  readonly site: string;
  readonly targets: readonly TargetIdentity[];
  readonly rules: readonly { readonly name: string; readonly text: string }[];
  /** The wall clock, ms. */
  readonly now?: () => number;
  readonly log?: Log;
  readonly limits?: JournalLimits;
  /** For the metric of commits. Must not throw. */
  readonly onCommit?: (seconds: number, operations: number) => void;
  /** What tests put in the disk's place. */
  readonly openStorage?: OpenStorage;
  readonly measureSpace?: (folder: string) => Promise<Space>;
}

export interface JournalLimits {
  /** Default: 1 % of the volume, at least an eighth of it or 8 MiB, at most 64 MiB. */
  readonly ballastBytes?: number;
  /** New work is refused below so much free space. Default: as the ballast, but 2 %. */
  readonly reserveBytes?: number;
  readonly statusCacheEntries?: number;
  readonly statusCacheBytes?: number;
  /** Operations in one commit at most. */
  readonly groupMax?: number;
  /** Between two scrubs; 0 turns them off. */
  readonly scrubIntervalMs?: number;
  /** Between two pages of a scrub. */
  readonly scrubPauseMs?: number;
  /** Between two looks at the disk's room. */
  readonly lookIntervalMs?: number;
}

export interface OpenedJournal extends Journal {
  readonly changes: JournalChanges;
  /** The configured rules, each with the time its text was first seen, ms. */
  readonly rules: readonly FirstSeenRule[];
  /** Resolves once a write failed for good: the process must stop. Never rejects. */
  readonly broken: Promise<SidecarError>;
  /** Takes a mark away when its resync is done. Durable. */
  unmark(bucket: string, target: string): Promise<void>;
  /** Compares everything on disk with what was written, and mends; it also runs by itself from time to time. */
  scrub(): Promise<void>;
}

export interface FirstSeenRule {
  readonly name: string;
  readonly text: string;
  readonly firstSeenAt: number;
}
