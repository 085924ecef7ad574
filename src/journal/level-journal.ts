// The journal on LevelDB: hands operations to the writer, answers reads, and knows its own health.

import type { SidecarError } from '../errors.ts';
import type { DiskSpace } from './disk-space.ts';
import { resolveDrafts } from './enqueue.ts';
import { type Folder, type Log, writeMarker } from './folder.ts';
import { healthOf } from './health.ts';
import { askAgain, drop, enqueueAlone, openIntent, settle } from './intent-operations.ts';
import { metaKey, statusKey } from './keys.ts';
import { forgetDamage, markOperation, pauseOperation, unmarkOperation } from './mark-operations.ts';
import { firstSights, type JournalChanges, type Marker } from './marker.ts';
import { Memory, readNextDue } from './memory.ts';
import { Mender } from './mender.ts';
import type { FirstSeenRule, JournalLimits, JournalOptions, OpenedJournal } from './options.ts';
import { Reads } from './reads.ts';
import { encodeRecord } from './record.ts';
import type { Recovered } from './recover.ts';
import { allPages, discardPage, wakeKey, wakePage } from './rest-operations.ts';
import { StatusCache } from './status-cache.ts';
import { toVersionStatus } from './status-record.ts';
import type { Storage, StorageFault } from './storage.ts';
import { StorageSlot } from './storage-slot.ts';
import { claim, complete, noteUpload, postpone, quarantine, release } from './task-operations.ts';
import type {
  Claim,
  Completion,
  FailedTask,
  Intent,
  IntentDraft,
  JournalHealth,
  Mark,
  Postponement,
  TargetCounts,
  Task,
  TaskDraft,
  VersionName,
  VersionStatus,
} from './types.ts';
import { Upkeep } from './upkeep.ts';
import { Writer } from './writer.ts';

export interface JournalParts extends Recovered {
  readonly storage: Storage;
  readonly reopen: () => Promise<Storage>;
  readonly space: DiskSpace;
  readonly folder: Folder;
  readonly marker: Marker;
  readonly options: JournalOptions;
  readonly now: () => number;
  readonly log: Log;
  readonly limits: JournalLimits;
  readonly configured: readonly string[];
  readonly changes: JournalChanges;
}

export class LevelJournal implements OpenedJournal {
  readonly changes: JournalChanges;
  readonly rules: readonly FirstSeenRule[];
  readonly broken: Promise<SidecarError>;
  readonly #parts: JournalParts;
  readonly #memory: Memory;
  readonly #slot: StorageSlot;
  readonly #writer: Writer;
  readonly #reads: Reads;
  readonly #mender: Mender;
  readonly #upkeep: Upkeep;
  #announceBroken: ((error: SidecarError) => void) | undefined;
  #hasBroken = false;
  #closed: Promise<void> | undefined;
  #condemning: Promise<void> = Promise.resolve();

  /** Takes over the storage and the space: closing the journal closes them. */
  static async start(parts: JournalParts): Promise<LevelJournal> {
    const journal = new LevelJournal(parts);
    await journal.#memory.refill(parts.storage, parts.ledger);
    await parts.space.measureSize();
    journal.#mender.start();
    journal.#upkeep.start();
    return journal;
  }

  private constructor(parts: JournalParts) {
    const { limits, space, log, now, configured, note, reopen, marker, options } = parts;
    this.#parts = parts;
    this.changes = parts.changes;
    this.rules = firstSights(options.rules, marker);
    const statuses = new StatusCache({
      entriesMax: limits.statusCacheEntries ?? 20_000,
      bytesMax: limits.statusCacheBytes ?? 16 * 2 ** 20,
    });
    this.#memory = new Memory(parts.targets, statuses, now);
    this.#slot = new StorageSlot(parts.storage);
    this.broken = new Promise((resolve) => {
      this.#announceBroken = resolve;
    });
    this.#writer = new Writer({
      storage: () => this.#slot.current,
      ledger: parts.ledger,
      space,
      groupMax: limits.groupMax ?? 1000,
      onDamage: (key) => this.#mender.notice(key),
      afterCommit: (seconds, operations) => this.#afterCommit(seconds, operations),
      onSuspended: (fault) => this.#suspended(fault),
      onBroken: (error, fault) => this.#broke(error, fault),
    });
    this.#mender = new Mender({
      slot: this.#slot,
      writer: () => this.#writer,
      memory: this.#memory,
      configured,
      note,
      now,
      log,
      journalFolder: parts.folder.journal,
      scrubIntervalMs: limits.scrubIntervalMs ?? 3_600_000,
      scrubPauseMs: limits.scrubPauseMs ?? 5,
    });
    this.#reads = new Reads(this.#slot, this.#memory, (key) => this.#mender.notice(key));
    this.#upkeep = new Upkeep({
      slot: this.#slot,
      writer: this.#writer,
      memory: this.#memory,
      space,
      reopen,
      log,
      intervalMs: limits.lookIntervalMs ?? 500,
    });
  }

  openIntent(draft: IntentDraft): Promise<Intent> {
    return this.#writer.submit(openIntent(draft));
  }

  async settle(intentId: number, drafts: readonly TaskDraft[]): Promise<readonly Task[]> {
    return this.#writer.submit(settle(this.#memory, intentId, resolveDrafts(this.#memory, drafts)));
  }

  drop(intentId: number): Promise<void> {
    return this.#writer.submit(drop(intentId));
  }

  askAgain(intentId: number, askAt: number): Promise<void> {
    return this.#writer.submit(askAgain(intentId, askAt));
  }

  openIntents(afterId = 0, limit = 100): Promise<readonly Intent[]> {
    return this.#reads.openIntents(afterId, limit);
  }

  async enqueue(drafts: readonly TaskDraft[]): Promise<readonly Task[]> {
    return this.#writer.submit(enqueueAlone(this.#memory, resolveDrafts(this.#memory, drafts)));
  }

  async claim(claimed: Claim): Promise<readonly Task[]> {
    const operation = claim(this.#memory, claimed, () => this.#slot.current);
    const { tasks, poisonous } = await this.#writer.submit(operation);
    await Promise.all(
      poisonous.map((task) => this.postpone(task, quarantine(task, this.#parts.now()))),
    );
    return tasks;
  }

  async complete(task: Task, completion: Completion): Promise<void> {
    return this.#writer.submit(complete(this.#memory, task, completion));
  }

  async postpone(task: Task, postponement: Postponement): Promise<void> {
    return this.#writer.submit(postpone(this.#memory, task, postponement));
  }

  async release(task: Task): Promise<void> {
    return this.#writer.submit(release(this.#memory, task));
  }

  async noteUpload(task: Task, uploadId: string | undefined): Promise<void> {
    return this.#writer.submit(noteUpload(this.#memory, task, uploadId));
  }

  async wake(
    name: string,
    which: { dueAt: number } | { bucket: string; key: string } | 'all' | 'unparked',
  ): Promise<number> {
    const memory = this.#memory;
    const target = memory.targets.get(name);
    const storage = (): Storage => this.#slot.current;
    if (typeof which === 'object' && 'bucket' in which) {
      return this.#writer.submit(wakeKey(memory, target, which, storage));
    }
    const dueBy = typeof which === 'object' ? which.dueAt : undefined;
    const unparkedOnly = which === 'unparked';
    return allPages(this.#writer, (from) =>
      wakePage(memory, { target, from, dueBy, unparkedOnly }, storage),
    );
  }

  async nextDue(name: string): Promise<number | undefined> {
    const { targets } = this.#memory;
    return this.#slot.use((storage) => readNextDue(this.#memory.queue(targets.get(name)), storage));
  }

  failures(
    name: string,
    page: { after?: string; limit: number },
  ): Promise<{ tasks: readonly FailedTask[]; next?: string }> {
    return this.#reads.failures(name, page);
  }

  async discard(name: string): Promise<number> {
    const target = this.#memory.targets.get(name);
    return allPages(this.#writer, (from) =>
      discardPage(this.#memory, target, from, () => this.#slot.current),
    );
  }

  onReady(name: string, listener: () => void): () => void {
    return this.#memory.onReady(name, listener);
  }

  async status({ bucket, key, versionId }: VersionName): Promise<VersionStatus | undefined> {
    const name = statusKey(bucket, key, versionId);
    const status = await this.#memory.statuses.get(name, () => this.#reads.status(name));
    return status && toVersionStatus(status, this.#memory.targets.nameOf);
  }

  statusesOf(
    bucket: string,
    key: string,
  ): Promise<readonly { versionId: string; status: VersionStatus }[]> {
    return this.#reads.statusesOf(bucket, key);
  }

  async mark(mark: Mark): Promise<void> {
    return this.#writer.submit(markOperation(this.#memory.targets, mark));
  }

  async unmark(bucket: string, target: string): Promise<void> {
    await this.#writer.submit(unmarkOperation(this.#memory.targets, { bucket, target }));
    if (this.#mender.note === undefined || (await this.#reads.hasDamageMarks())) return;
    await this.#writer.submit(forgetDamage(() => this.#mender.forget()));
  }

  marks(): Promise<readonly Mark[]> {
    return this.#reads.marks();
  }

  async setPaused(target: string, paused: boolean): Promise<void> {
    return this.#writer.submit(pauseOperation(this.#memory.targets, target, paused));
  }

  pausedTargets(): Promise<readonly string[]> {
    return this.#reads.pausedTargets();
  }

  counts(name: string): TargetCounts {
    const target = this.#memory.targets.find(name);
    if (target === undefined) return { pending: 0, failed: 0, parked: 0, oldestAt: undefined };
    const oldestAt = this.#memory.queue(target).oldest.oldest();
    return { ...this.#writer.ledger.counts(target.number), oldestAt };
  }

  knownTargets(): readonly string[] {
    const waiting = this.#writer.ledger
      .targetsWithTasks()
      .map((number) => this.#memory.targets.byNumber(number)?.name)
      .filter((name) => name !== undefined);
    return [...new Set([...this.#parts.configured, ...waiting])];
  }

  intentsOpen(): number {
    return this.#writer.ledger.tally('i').count;
  }

  health(): JournalHealth {
    return healthOf(this.#parts.space, this.#writer.isSuspended, this.#mender.note);
  }

  scrub(): Promise<void> {
    return this.#mender.scrub();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { space, log } = this.#parts;
    await this.#upkeep.close();
    await this.#mender.close();
    await this.#writer.close();
    await this.#condemning;
    if (!this.#writer.isSuspended && !this.#hasBroken) {
      await this.#noteEnd().catch((error: unknown) => {
        // Only a check of the next start is weaker without it.
        log.warn({ error }, 'the end of the journal could not be noted');
      });
    }
    await this.#slot.close();
    await space.close();
  }

  /** Notes how many commits there are. They may not be synced yet, and what the marker says must be true. */
  async #noteEnd(): Promise<void> {
    const { folder, marker } = this.#parts;
    const { ledger } = this.#writer;
    const value = encodeRecord(metaKey, ledger.toString());
    await this.#slot.current.batch([{ type: 'put', key: metaKey, value }], true);
    await writeMarker(folder, { ...marker, batchesAtLeast: ledger.batch });
  }

  async #afterCommit(seconds: number, operations: number): Promise<void> {
    this.#parts.options.onCommit?.(seconds, operations);
    try {
      await this.#memory.refill(this.#slot.current, this.#writer.ledger);
    } catch (error) {
      // The commit stands. Only the age of the oldest task is unknown until the next one.
      this.#parts.log.warn({ error }, 'the oldest tasks could not be read');
    }
    this.#memory.notify();
  }

  #suspended(fault: StorageFault): void {
    const { log, space } = this.#parts;
    log.error({ error: fault }, 'the disk is full: the journal refuses writes until there is room');
    space.releaseBallast().catch((error: unknown) => {
      log.warn({ error }, 'the ballast could not be released');
    });
  }

  #broke(error: SidecarError, fault: StorageFault | undefined): void {
    this.#hasBroken = true;
    this.#parts.log.error({ error }, 'the journal is broken: the process must stop');
    this.#announceBroken?.(error);
    if (fault?.kind !== 'corrupt') return;
    // Starting again on it would only end here again: the next start takes what can be read into a new one.
    this.#condemning = this.#condemn({ ...this.#parts.marker, condemned: fault.message });
  }

  async #condemn(marker: Marker): Promise<void> {
    try {
      await writeMarker(this.#parts.folder, marker);
    } catch (error) {
      this.#parts.log.error({ error }, 'the marker could not be written');
    }
  }
}
