// The embedded S3 store: everything in memory, on node:http, for the demo and for tests, which may look inside it
// and script its faults.

import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { VerifyOptions } from '../s3/sigv4-verify.ts';
import type { Credentials } from '../s3/types.ts';
import { addBucket } from './buckets.ts';
import type { Serving } from './exchange.ts';
import { serve } from './exchange.ts';
import { Faults } from './faults.ts';
import type { VersionView } from './inspect.ts';
import { viewVersion } from './inspect.ts';
import type { Bucket, Manner, StoreState, Upload, Versioning } from './model.ts';
import type { RequestHead } from './request.ts';

export interface MemoryStoreOptions {
  readonly manner: Manner;
  readonly credentials: Credentials | readonly Credentials[];
  /** The region that requests must be signed for. */
  readonly region?: string;
  /** The least size of a part that is not the last; S3 wants 5 MiB, the store nothing. */
  readonly partSizeMin?: number;
  /** ms since the epoch. */
  readonly now?: () => number;
  /** The base domain of virtual-host style requests. */
  readonly domain?: string;
  /** PEM texts; makes it an https store. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

const recentMax = 1000;

export class MemoryStore {
  readonly faults = new Faults();
  readonly #state: StoreState;
  readonly #options: MemoryStoreOptions;
  readonly #secrets: ReadonlyMap<string, string>;
  readonly #closing = new AbortController();
  readonly #requests = new Map<string, number>();
  readonly #recent: RequestHead[] = [];
  #server: Server | undefined;
  #url = '';

  constructor(options: MemoryStoreOptions) {
    this.#options = options;
    // Every held or delayed request listens to it, and there may be thousands.
    setMaxListeners(0, this.#closing.signal);
    const { credentials } = options;
    const all = 'accessKey' in credentials ? [credentials] : credentials;
    this.#secrets = new Map(all.map(({ accessKey, secretKey }) => [accessKey, secretKey]));
    this.#state = {
      manner: options.manner,
      region: options.region ?? 'us-east-1',
      partSizeMin: options.partSizeMin ?? 0,
      now: options.now ?? Date.now,
      buckets: new Map(),
    };
  }

  /** `http://host:port` once it is started. */
  get url(): string {
    return this.#url;
  }

  async start(port = 0, host = '127.0.0.1'): Promise<{ url: string; port: number }> {
    assert(this.#server === undefined && !this.#closing.signal.aborted, 'a store starts once');
    const { tls } = this.#options;
    const settings = { maxHeaderSize: 256 * 1024, requestTimeout: 0, keepAliveTimeout: 65_000 };
    const server =
      tls === undefined ? createServer(settings) : createTlsServer({ ...settings, ...tls });
    server.maxHeadersCount = 0;
    server.on('request', this.#listener(false));
    server.on('checkContinue', this.#listener(true));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
    this.#server = server;
    const address = server.address();
    const actual = isAddressInfo(address) ? address.port : port;
    const name = host.includes(':') ? `[${host}]` : host;
    this.#url = `${tls === undefined ? 'http' : 'https'}://${name}:${actual}`;
    return { url: this.#url, port: actual };
  }

  /** Cuts what is open, held requests included. May be called twice. */
  async close(): Promise<void> {
    this.#closing.abort();
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  /** Makes a bucket without a request; one that is there is given the settings. */
  createBucket(
    name: string,
    settings: { readonly versioning?: Versioning; readonly lock?: boolean } = {},
  ): void {
    const bucket = this.#state.buckets.get(name) ?? addBucket(this.#state, name);
    if (settings.lock === true) {
      bucket.versioning = 'enabled';
      bucket.lock = { default: undefined };
    }
    if (settings.versioning !== undefined) bucket.versioning = settings.versioning;
  }

  get buckets(): readonly string[] {
    return [...this.#state.buckets.keys()];
  }

  /** All keys that have versions, markers included, in S3's order. */
  keys(bucket: string): readonly string[] {
    return [...(this.#bucket(bucket)?.keys.keysFrom('') ?? [])];
  }

  /** Newest first. */
  versions(bucket: string, key: string): readonly VersionView[] {
    const history = this.#bucket(bucket)?.keys.history(key) ?? [];
    return history.toReversed().map((version) => viewVersion(version));
  }

  /** What a plain GET gives: undefined where there is nothing, or a marker. */
  current(bucket: string, key: string): VersionView | undefined {
    const version = this.#bucket(bucket)?.keys.current(key);
    return version === undefined || version.marker ? undefined : viewVersion(version);
  }

  /** Open multipart uploads. */
  uploads(bucket: string): readonly Upload[] {
    return [...(this.#bucket(bucket)?.uploads.values() ?? [])];
  }

  /** How many requests came, by AWS's operation name. */
  get requests(): ReadonlyMap<string, number> {
    return this.#requests;
  }

  /** The heads of the last thousand requests, oldest first. */
  get recent(): readonly RequestHead[] {
    return this.#recent;
  }

  /** Forgets what was counted and remembered of requests. */
  forgetRequests(): void {
    this.#requests.clear();
    this.#recent.length = 0;
  }

  #bucket(name: string): Bucket | undefined {
    return this.#state.buckets.get(name);
  }

  #listener(
    isContinueWanted: boolean,
  ): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
    const serving: Serving = {
      state: this.#state,
      faults: this.faults,
      verify: () => this.#verifyOptions(),
      domain: this.#options.domain,
      seen: (head) => this.#count(head),
      closing: this.#closing.signal,
    };
    return (incoming, outgoing) => {
      // `serve` answers every failure itself, so what is left is a connection that broke.
      serve(serving, { incoming, outgoing, isContinueWanted }).catch(() => outgoing.destroy());
    };
  }

  #verifyOptions(): VerifyOptions {
    return {
      secretOf: (accessKey) => this.#secrets.get(accessKey),
      region: this.#state.region,
      now: this.#state.now(),
    };
  }

  #count(head: RequestHead): void {
    this.#requests.set(head.operation, (this.#requests.get(head.operation) ?? 0) + 1);
    if (this.#recent.length >= recentMax) this.#recent.splice(0, recentMax / 2);
    this.#recent.push(head);
  }
}

function isAddressInfo(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
