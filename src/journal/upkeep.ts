// Looks at the disk now and then: measures its room, opens the database again when there is some after there was
// none, keeps the ballast, and gives the room of a drained backlog back.

import { setTimeout as pause } from 'node:timers/promises';
import type { DiskSpace } from './disk-space.ts';
import type { Log } from './folder.ts';
import type { Memory } from './memory.ts';
import { readLedger } from './recover.ts';
import { type Storage, StorageFault } from './storage.ts';
import type { StorageSlot } from './storage-slot.ts';
import type { Writer } from './writer.ts';

export interface UpkeepOptions {
  readonly slot: StorageSlot;
  readonly writer: Writer;
  readonly memory: Memory;
  readonly space: DiskSpace;
  readonly reopen: () => Promise<Storage>;
  readonly log: Log;
  readonly intervalMs: number;
}

/** The folder's size is looked at only every so many times. */
const looksPerSize = 10;
/** A backlog smaller than this leaves no room worth asking back. */
const backlogWorthCompacting = 10_000;

export class Upkeep {
  readonly #options: UpkeepOptions;
  readonly #closing = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #looks = 0;
  #peak = 0;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  start(): void {
    this.#options.space.keepBallast();
    this.#loop = this.#run();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { log, intervalMs } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      /* oxlint-disable no-await-in-loop -- one look after the other */
      await pause(intervalMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      await this.#look().catch((error: unknown) => {
        log.warn({ error }, 'the upkeep of the journal failed; it is tried again');
      });
      /* oxlint-enable no-await-in-loop */
    }
  }

  async #look(): Promise<void> {
    const { writer, space } = this.#options;
    if (writer.refusal !== undefined) return;
    await space.measure();
    if (this.#looks++ % looksPerSize === 0) await space.measureSize();
    if (writer.isSuspended) await this.#recover();
    else if (space.lastRoom === 'ample') space.keepBallast();
    await this.#giveRoomBack();
  }

  /** A failed write may have left half a record in the log: only a database opened anew is whole. */
  async #recover(): Promise<void> {
    const { slot, writer, memory, space, reopen, log } = this.#options;
    if (space.freeBytes < space.reserveBytes / 2) return;
    await writer.exclusively(async () => {
      await slot.reopen(reopen);
      const ledger = await readLedger(slot.current);
      if (ledger === undefined) {
        throw new StorageFault('failed', 'the numbers of the last commit are missing');
      }
      memory.forget();
      await memory.refill(slot.current, ledger);
      writer.continueFrom(ledger);
    });
    memory.notifyAll();
    log.info({ freeBytes: space.freeBytes }, 'the journal can be written again');
  }

  async #giveRoomBack(): Promise<void> {
    const { slot, writer } = this.#options;
    const { count } = writer.ledger.tally('t');
    this.#peak = Math.max(this.#peak, count);
    if (this.#peak < backlogWorthCompacting || count > this.#peak / 10 || writer.isSuspended)
      return;
    await slot.use((storage) => storage.compact());
    this.#peak = count;
  }
}
