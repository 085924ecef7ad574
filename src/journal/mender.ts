// Watches over the journal's soundness while it runs: scrubs from time to time, collects what reads and writes find
// damaged, and has it mended while no commit is under way.

import { setTimeout as pause } from 'node:timers/promises';
import { Damage, type DamageNote } from './damage.ts';
import { journalBroken } from './faults.ts';
import type { Log } from './folder.ts';
import type { Memory } from './memory.ts';
import { mend } from './mend.ts';
import { readNote } from './recover.ts';
import { scrub } from './scrub.ts';
import { asFault, StorageFault } from './storage.ts';
import type { StorageSlot } from './storage-slot.ts';
import { damagedTables } from './table-check.ts';
import type { Writer } from './writer.ts';

export interface MenderOptions {
  readonly slot: StorageSlot;
  readonly writer: () => Writer;
  readonly memory: Memory;
  readonly configured: readonly string[];
  readonly note: DamageNote | undefined;
  readonly now: () => number;
  readonly log: Log;
  /** Where LevelDB's files are. */
  readonly journalFolder: string;
  readonly scrubIntervalMs: number;
  readonly scrubPauseMs: number;
}

/** After a start others come first. */
const firstScrubMs = 60_000;
/** A disk that goes on to lose records must not keep the journal busy with mending alone. */
const mendPauseMs = 60_000;

export class Mender {
  readonly #options: MenderOptions;
  readonly #closing = new AbortController();
  #note: DamageNote | undefined;
  #noticed = new Damage();
  #mending: Promise<void> | undefined;
  #mendedAt = Number.NEGATIVE_INFINITY;
  #scrubbing: Promise<void> | undefined;
  #loop: Promise<void> = Promise.resolve();

  constructor(options: MenderOptions) {
    this.#options = options;
    this.#note = options.note;
  }

  /** The damage that is not yet made good by resyncs. */
  get note(): DamageNote | undefined {
    return this.#note;
  }

  start(): void {
    if (this.#options.scrubIntervalMs > 0) this.#loop = this.#scrubForever();
  }

  forget(): void {
    this.#note = undefined;
  }

  /** A damaged or missing record was met. */
  notice(key: string): void {
    this.#noticed.addRecord(key, this.#options.memory.targets);
    this.#mendSoon();
  }

  /** Joins a scrub that is under way already. Ends early, without a result, when the journal is closed. */
  scrub(): Promise<void> {
    this.#scrubbing ??= this.#scrubOnce().finally(() => {
      this.#scrubbing = undefined;
    });
    return this.#scrubbing;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled([this.#loop, this.#scrubbing, this.#mending]);
  }

  async #scrubForever(): Promise<void> {
    const { signal } = this.#closing;
    try {
      await pause(firstScrubMs, undefined, { signal, ref: false });
      while (!signal.aborted) {
        // oxlint-disable no-await-in-loop -- one scrub after the other
        await this.scrub().catch((error: unknown) => {
          this.#options.log.warn({ error }, 'the scrub of the journal failed; it is tried again');
        });
        await pause(this.#options.scrubIntervalMs, undefined, { signal, ref: false });
        // oxlint-enable no-await-in-loop
      }
    } catch {
      // Only the pauses reject: the journal is being closed.
    }
  }

  async #scrubOnce(): Promise<void> {
    const { slot, memory, writer, scrubPauseMs: pauseMs } = this.#options;
    const { signal } = this.#closing;
    if (await this.#hasDamagedTable()) return;
    const start = await writer().exclusively(async () => ({
      storage: slot.current,
      scan: slot.current.scan(),
      ledger: writer().ledger.clone(),
    }));
    const { scan, ledger } = start;
    let damage: Damage;
    try {
      damage = await scrub({ scan, ledger, targets: memory.targets, pauseMs, signal });
    } catch (error) {
      // The database was closed, or opened anew, under the scan.
      if (signal.aborted || slot.current !== start.storage) return;
      throw error;
    }
    if (damage.isEmpty) return;
    this.#noticed.addAll(damage.affected, damage.reason);
    this.#mendSoon();
    await this.#mending;
  }

  /** LevelDB must not go on with a damaged table: it would end the process in the middle of something. */
  async #hasDamagedTable(): Promise<boolean> {
    const damaged = await damagedTables(this.#options.journalFolder, Number.POSITIVE_INFINITY);
    const [name] = damaged;
    if (name === undefined) return false;
    const fault = new StorageFault('corrupt', `${name} is damaged`);
    this.#options.writer().break(journalBroken(fault), fault);
    return true;
  }

  #mendSoon(): void {
    if (this.#mending !== undefined || this.#closing.signal.aborted) return;
    const wait = Math.max(0, this.#mendedAt + mendPauseMs - performance.now());
    this.#mending = this.#mendAfter(wait)
      .catch((error: unknown) => {
        if (this.#closing.signal.aborted) return;
        this.#options.writer().break(journalBroken(error), asFault(error));
      })
      .finally(() => {
        this.#mending = undefined;
        if (!this.#noticed.isEmpty) this.#mendSoon();
      });
  }

  async #mendAfter(waitMs: number): Promise<void> {
    const { signal } = this.#closing;
    if (waitMs > 0) await pause(waitMs, undefined, { signal, ref: false });
    const writer = this.#options.writer();
    await writer.exclusively(async () => {
      // On a full disk nothing can be mended; it is tried again later.
      if (writer.isSuspended) this.#mendedAt = performance.now();
      else await this.#mend(writer);
    });
  }

  async #mend(writer: Writer): Promise<void> {
    const { slot, memory, configured, now, log } = this.#options;
    const damage = this.#noticed;
    this.#noticed = new Damage();
    if (this.#note !== undefined) damage.addAll(this.#note.affected, this.#note.reason);
    log.error({ reason: damage.reason }, 'the journal is damaged: it is mended now');
    const storage = slot.current;
    const { targets, inFlight } = memory;
    const { ledger } = writer;
    const mended = await mend(damage, { storage, targets, configured, ledger, inFlight, now });
    this.#note = await readNote(storage);
    this.#mendedAt = performance.now();
    memory.forget();
    await memory.refill(storage, mended);
    writer.continueFrom(mended);
    memory.notifyAll();
    log.warn({ affected: damage.affected, records: damage.records }, 'the journal was mended');
  }
}
