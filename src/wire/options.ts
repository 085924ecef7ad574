// What the wire is told from outside, and its limits in time.

import type { Fault, Interceptor, Reply, RequestHead } from './types.ts';

/** Limits in time, in milliseconds. None is on the whole of a body, and none on the source's answer. */
export interface Deadlines {
  /** From the first byte of a head, or a new connection, to the whole head. */
  readonly headMs: number;
  /** Between two requests of a connection. */
  readonly idleMs: number;
  /** A body, in either direction, of which nothing moves. */
  readonly progressMs: number;
  readonly connectMs: number;
  /** For room among the held bytes. */
  readonly heldMs: number;
  /** After the last answer of a connection, for the client to read it before the socket is taken down. */
  readonly lingerMs: number;
  /** How long an unused connection to the source is kept; its own hint shortens it. */
  readonly sourceIdleMs: number;
  /** A connection that was idle for longer is not trusted with what must not be sent twice. */
  readonly sourceTrustMs: number;
}

export const DEADLINES: Deadlines = {
  headMs: 30_000,
  idleMs: 65_000,
  progressMs: 60_000,
  connectMs: 5_000,
  heldMs: 10_000,
  lingerMs: 2_000,
  sourceIdleMs: 4_000,
  sourceTrustMs: 1_000,
};

export interface TlsIdentity {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

export interface SourceAddress {
  readonly host: string;
  readonly port: number;
  readonly tls?: { readonly ca?: string | Buffer; readonly servername: string };
}

export interface WireOptions {
  readonly listen: { readonly host: string; readonly port: number };
  /** Serve HTTPS. */
  readonly tls?: TlsIdentity;
  readonly source: SourceAddress;
  readonly intercept: Interceptor;
  /** Renders what the client is told of a fault; the head is missing where it could not be read. */
  readonly refuse: (fault: Fault, head: RequestHead | undefined) => Reply;
  /** Clients at once. */
  readonly connectionsMax?: number;
  /** Memory that all held bodies share. */
  readonly heldBytesMax?: number;
  readonly deadlines?: Partial<Deadlines>;
  /** For what needs a line in the log: the source cannot be reached, a bug in an interceptor, a failed handshake. */
  readonly onError?: (error: Error) => void;
}
