// Whether the source was reachable once since the start: what readiness waits for.

import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const pauseMs = 1_000;
const connectTimeoutMs = 5_000;

export class SourceProbe {
  readonly #address: { readonly host: string; readonly port: number };
  readonly #abort = new AbortController();
  #running: Promise<void> | undefined;
  #reached = false;

  constructor(address: { readonly host: string; readonly port: number }) {
    this.#address = address;
  }

  get reached(): boolean {
    return this.#reached;
  }

  /** The source answered a request: no more probing. */
  noteReached(): void {
    if (this.#reached) return;
    this.#reached = true;
    this.#abort.abort();
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      // oxlint-disable-next-line no-await-in-loop -- one probe after the other
      if (await this.#connects()) this.noteReached();
      // oxlint-disable-next-line no-await-in-loop -- one probe after the other
      else await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #connects(): Promise<boolean> {
    return await new Promise((resolve) => {
      const socket = connect(this.#address);
      const end = (connected: boolean): void => {
        socket.destroy();
        resolve(connected);
      };
      socket.setTimeout(connectTimeoutMs, () => end(false));
      socket.once('connect', () => end(true));
      socket.once('error', () => end(false));
      this.#abort.signal.addEventListener('abort', () => end(false), { once: true });
    });
  }
}
