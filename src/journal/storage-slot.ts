// The place of the open database. It may be exchanged for the same one opened anew; whoever reads meanwhile waits.

import { journalFull } from './faults.ts';
import type { Storage } from './storage.ts';

export class StorageSlot {
  #storage: Storage | undefined;
  #readers = 0;
  #exchange: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** For the writer, which is the one that exchanges, and so never meets an exchange. */
  get current(): Storage {
    if (this.#storage === undefined) throw journalFull('the database is not open');
    return this.#storage;
  }

  async use<T>(work: (storage: Storage) => Promise<T>): Promise<T> {
    // oxlint-disable-next-line no-await-in-loop -- one exchange may follow another
    while (this.#exchange !== undefined) await this.#exchange;
    this.#readers++;
    try {
      return await work(this.current);
    } finally {
      this.#readers--;
      if (this.#readers === 0) this.#drained?.();
    }
  }

  /** Closes the database and opens it again. If that fails, the slot is empty until the next time. */
  async reopen(open: () => Promise<Storage>): Promise<void> {
    const exchange = this.#exchangeFor(open);
    // Who waits only wants to know that it is over.
    this.#exchange = exchange.catch(() => undefined);
    try {
      await exchange;
    } finally {
      this.#exchange = undefined;
    }
  }

  async close(): Promise<void> {
    await this.#exchange;
    await this.#closeCurrent();
  }

  async #exchangeFor(open: () => Promise<Storage>): Promise<void> {
    await this.#closeCurrent();
    this.#storage = await open();
  }

  async #closeCurrent(): Promise<void> {
    if (this.#readers > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
      this.#drained = undefined;
    }
    const storage = this.#storage;
    this.#storage = undefined;
    await storage?.close();
  }
}
