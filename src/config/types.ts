// The configuration as the composition root knows it.

import type { Rule } from '../replication/rules.ts';
import type { Credentials, Endpoint } from '../s3/types.ts';
import type { Dialect, LogLevel } from './table.ts';
import type { Address } from './values.ts';

/** The source as the sidecar reaches it; credentials are there whenever there are rules. */
export interface SourceConfig extends Omit<Endpoint, 'credentials'> {
  readonly credentials?: Credentials;
}

export interface TargetConfig {
  readonly name: string;
  readonly endpoint: Endpoint;
  /** The bucket there where a rule names none; undefined: the source bucket's name. */
  readonly bucket?: string;
  readonly dialect: Dialect;
  readonly sync: boolean;
  readonly syncTimeoutMs: number;
  readonly concurrency: number;
}

export interface ConfiguredRule extends Rule {
  /** The rule as it was given: its time is when this text was first seen. */
  readonly text: string;
}

export interface Config {
  readonly listen: Address;
  /** Paths of PEM files, to be read again when they change. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  readonly domains: readonly string[];
  readonly site: string;
  readonly source: SourceConfig;
  readonly dataDir: string;
  readonly admin: { readonly listen: Address; readonly token?: string };
  readonly targets: readonly TargetConfig[];
  readonly rules: readonly ConfiguredRule[];
  /** Buckets that are targets on the source's own store: `*` does not mean them. */
  readonly exemptBuckets: readonly string[];
  readonly retry: { readonly minMs: number; readonly maxMs: number };
  readonly shutdown: { readonly timeoutMs: number; readonly drainMs: number };
  readonly connectionsMax: number;
  readonly logLevel: LogLevel;
}
