// The one writer. While a commit runs the next group gathers; a group is read ahead in one call, applied in order,
// and written as one batch, synced if any of it asks for that.
//
//   open ─▶ suspended (no room; everything is refused until the database was opened anew) ─▶ open
//        └▶ broken (a write failed otherwise; everything is refused for good) | closed

import { SidecarError } from '../errors.ts';
import type { DiskSpace, Room } from './disk-space.ts';
import { journalBroken, journalFull } from './faults.ts';
import type { Ledger } from './ledger.ts';
import { OwnIntents } from './own-intents.ts';
import { asFault, type Storage, type StorageFault } from './storage.ts';
import { Transaction } from './transaction.ts';

export interface Operation<T> {
  readonly durable: boolean;
  /** New work: refused first when the disk gets full. */
  readonly grows: boolean;
  /** Starts a group, so that `prepare` sees what was committed by all before it. */
  readonly first?: boolean;
  /** Reads what no list of keys can name. No commit is under way meanwhile. */
  prepare?(): Promise<void>;
  keys(): Iterable<string>;
  /** Must throw, if at all, before it writes. */
  apply(transaction: Transaction): T;
  /** Nothing of it was written: gives back what `prepare` or `keys` took in memory. */
  abandon?(): void;
}

export interface WriterOptions {
  readonly storage: () => Storage;
  readonly ledger: Ledger;
  readonly space: DiskSpace;
  readonly groupMax: number;
  /** A damaged or missing record was met. */
  readonly onDamage: (key: string) => void;
  /** After each commit, before its promises resolve. */
  readonly afterCommit: (seconds: number, operations: number) => Promise<void>;
  readonly onSuspended: (fault: StorageFault) => void;
  readonly onBroken: (error: SidecarError, fault: StorageFault | undefined) => void;
}

interface Entry {
  readonly operation: Operation<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class Writer {
  readonly #options: WriterOptions;
  readonly #ownIntents = new OwnIntents();
  #ledger: Ledger;
  #pending: Entry[] = [];
  #exclusive: (() => Promise<void>)[] = [];
  #running: Promise<void> | undefined;
  #suspension: StorageFault | undefined;
  #refusal: SidecarError | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#ledger = options.ledger;
  }

  /** The numbers of the last commit. */
  get ledger(): Ledger {
    return this.#ledger;
  }

  get isSuspended(): boolean {
    return this.#suspension !== undefined;
  }

  get refusal(): SidecarError | undefined {
    return this.#refusal;
  }

  submit<T>(operation: Operation<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#refusal !== undefined) {
        reject(this.#refusal);
        return;
      }
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its own operation made the result
      const settle = (result: unknown): void => resolve(result as T);
      this.#pending.push({ operation, resolve: settle, reject });
      this.#wake();
    });
  }

  /** Runs while no commit is under way, before what waits. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#refusal !== undefined) {
        reject(this.#refusal);
        return;
      }
      this.#exclusive.push(() => work().then(resolve, reject));
      this.#wake();
    });
  }

  /** Goes on with other numbers: after the database was opened anew or mended. Only from exclusive work. */
  continueFrom(ledger: Ledger): void {
    this.#ledger = ledger;
    this.#ownIntents.clear();
    this.#suspension = undefined;
  }

  break(error: SidecarError, fault?: StorageFault): void {
    if (this.#refusal !== undefined) return;
    this.#refusal = error;
    this.#options.onBroken(error, fault);
  }

  /** Lets what waits be written, then refuses everything. */
  async close(): Promise<void> {
    while (this.#running !== undefined) {
      // oxlint-disable-next-line no-await-in-loop -- what ends may have let new work in
      await this.#running;
    }
    this.#refusal ??= new SidecarError('the journal is closed', {
      code: 'journal-closed',
      retryable: false,
    });
  }

  #wake(): void {
    if (this.#running !== undefined) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (this.#pending.length + this.#exclusive.length > 0) this.#wake();
    });
  }

  /* oxlint-disable no-await-in-loop -- one group after the other is what a writer is */
  async #run(): Promise<void> {
    while (this.#pending.length + this.#exclusive.length > 0) {
      await this.#gather();
      const work = this.#exclusive.shift();
      if (work === undefined) await this.#commit(this.#takeGroup());
      else await work();
    }
  }

  /**
   * Lets the group grow while each turn of the event loop brings more, for a commit costs much the same however
   * much is in it. An idle loop's turns take microseconds; a busy one's bring what waits in the sockets.
   */
  async #gather(): Promise<void> {
    const until = performance.now() + gatherMs;
    for (let quietTurns = 0; quietTurns < quietTurnsMax; ) {
      const before = this.#pending.length;
      await nextTurn();
      quietTurns = this.#pending.length === before ? quietTurns + 1 : 0;
      if (this.#pending.length >= this.#options.groupMax || performance.now() > until) return;
    }
  }
  /* oxlint-enable no-await-in-loop */

  #takeGroup(): Entry[] {
    let size = 1;
    const limit = Math.min(this.#options.groupMax, this.#pending.length);
    while (size < limit && this.#pending[size]?.operation.first !== true) size++;
    if (size === this.#pending.length) {
      const group = this.#pending;
      this.#pending = [];
      return group;
    }
    return this.#pending.splice(0, size);
  }

  async #commit(taken: readonly Entry[]): Promise<void> {
    const started = performance.now();
    let group: readonly Entry[] = taken;
    try {
      group = await this.#prepare(await this.#admit(taken));
      if (group.length === 0) return;
      const transaction = await this.#read(group);
      const applied = this.#apply(group, transaction);
      if (this.#refusal !== undefined) {
        refuse(
          applied.map(({ entry }) => entry),
          this.#refusal,
        );
        return;
      }
      if (transaction.writes > 0) {
        await this.#write(
          transaction,
          applied.some(({ entry }) => entry.operation.durable),
        );
        const seconds = (performance.now() - started) / 1000;
        await this.#options.afterCommit(seconds, applied.length);
      }
      for (const { entry, result } of applied) entry.resolve(result);
    } catch (error) {
      refuse(group, this.#failed(error));
    }
  }

  /** Refuses what the disk has no room for. */
  async #admit(group: readonly Entry[]): Promise<Entry[]> {
    if (this.#refusal !== undefined) {
      refuse(group, this.#refusal);
      return [];
    }
    const room: Room = this.#suspension === undefined ? await this.#options.space.room() : 'none';
    if (room === 'ample') return [...group];
    const isRefused = ({ operation }: Entry): boolean => room === 'none' || operation.grows;
    refuse(group.filter(isRefused), journalFull(this.#suspension));
    return group.filter((entry) => !isRefused(entry));
  }

  async #prepare(group: Entry[]): Promise<Entry[]> {
    const prepared: Entry[] = [];
    for (const entry of group) {
      try {
        // Most have nothing to prepare, and are not to wait a turn of the microtasks each.
        // oxlint-disable-next-line no-await-in-loop -- each sees what the one before took
        if (entry.operation.prepare !== undefined) await entry.operation.prepare();
        prepared.push(entry);
      } catch (error) {
        refuse([entry], this.#failed(error));
      }
    }
    return prepared;
  }

  async #read(group: readonly Entry[]): Promise<Transaction> {
    const known = new Map<string, Buffer | undefined>();
    const kept = new Set<string>();
    const unread: string[] = [];
    for (const { operation } of group) {
      for (const key of operation.keys()) {
        if (known.has(key)) continue;
        const own = this.#ownIntents.get(key);
        known.set(key, own);
        if (own === undefined) unread.push(key);
        else kept.add(key);
      }
    }
    if (unread.length > 0) {
      const values = await readMany(this.#options.storage(), unread);
      for (let index = 0; index < unread.length; index++) {
        const key = unread[index];
        if (key !== undefined) known.set(key, values[index]);
      }
    }
    return new Transaction(this.#ledger.clone(), known, this.#options.onDamage, kept);
  }

  #apply(group: readonly Entry[], transaction: Transaction): Applied[] {
    const applied: Applied[] = [];
    for (const entry of group) {
      const before = transaction.writes;
      try {
        applied.push({ entry, result: entry.operation.apply(transaction) });
      } catch (error) {
        refuse([entry], error);
        // Half of an operation must never be written: that is a broken invariant, and the end.
        if (transaction.writes !== before) this.break(journalBroken(error));
      }
    }
    return applied;
  }

  async #write(transaction: Transaction, durable: boolean): Promise<void> {
    const batch = transaction.seal();
    let bytes = 0;
    for (const entry of batch)
      bytes += entry.key.length + (entry.type === 'put' ? entry.value.length : 0);
    await this.#options.storage().batch(batch, durable);
    this.#options.space.wrote(bytes);
    this.#ownIntents.wrote(batch);
    this.#ledger = transaction.ledger;
    transaction.settleInMemory();
  }

  /** Decides what a failure of the disk means for everything after it, and what those who wait are told. */
  #failed(error: unknown): SidecarError {
    if (error instanceof SidecarError && !('kind' in error)) return error;
    const fault = asFault(error);
    if (fault.kind === 'full') {
      this.#suspension = fault;
      this.#options.onSuspended(fault);
      return journalFull(fault);
    }
    const broken = journalBroken(fault);
    this.break(broken, fault);
    return broken;
  }
}

/** How long a group is gathered at most; and how many turns without news end it sooner. */
const gatherMs = 2;
const quietTurnsMax = 2;

const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

interface Applied {
  readonly entry: Entry;
  readonly result: unknown;
}

function refuse(entries: readonly Entry[], error: unknown): void {
  for (const { operation, reject } of entries) {
    operation.abandon?.();
    reject(error);
  }
}

/** One record in an unreadable block must not take the others of its group with it: it counts as damaged. */
async function readMany(storage: Storage, keys: string[]): Promise<(Buffer | undefined)[]> {
  try {
    return await storage.getMany(keys);
  } catch (error) {
    if (asFault(error).kind !== 'corrupt') throw error;
  }
  return Promise.all(
    keys.map((key) =>
      storage.get(key).catch((error: unknown) => {
        if (asFault(error).kind !== 'corrupt') throw error;
        return unreadable;
      }),
    ),
  );
}

/** Never a sound record. */
const unreadable = Buffer.alloc(0);
