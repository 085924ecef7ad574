// Bytes that came from a socket and were not consumed yet. A first chunk is kept as it is; only what must be
// joined (a head that comes in pieces) is copied, into a store that doubles, so that one byte a packet stays linear.

const EMPTY = Buffer.alloc(0);
const STORE_MIN = 1024;

export class Input {
  /** Everything that waits, in one piece. */
  bytes: Buffer = EMPTY;
  #store: Buffer | undefined;
  #storeEnd = 0;

  push(chunk: Buffer): void {
    const waiting = this.bytes.length;
    if (waiting === 0) {
      this.bytes = chunk;
      this.#store = undefined;
      return;
    }
    let store = this.#store;
    if (store === undefined || this.#storeEnd + chunk.length > store.length) {
      store = Buffer.allocUnsafeSlow(Math.max(STORE_MIN, 2 * (waiting + chunk.length)));
      this.bytes.copy(store);
      this.#store = store;
      this.#storeEnd = waiting;
    }
    chunk.copy(store, this.#storeEnd);
    this.#storeEnd += chunk.length;
    this.bytes = store.subarray(this.#storeEnd - waiting - chunk.length, this.#storeEnd);
  }

  skip(count: number): void {
    this.bytes = count === this.bytes.length ? EMPTY : this.bytes.subarray(count);
  }

  clear(): void {
    this.bytes = EMPTY;
    this.#store = undefined;
  }
}
