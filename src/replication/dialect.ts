// What a target does with the version id that it is given, known from its answers alone, never from a banner.

import { S3Error } from '../s3/errors.ts';

/** `minio` keeps version id, time and ETag given to it; `s3` mints ids of its own. */
export type DialectName = 'minio' | 's3';

export class Dialect {
  readonly #contradicted: (sent: string, answered: string | undefined) => void;
  #known: DialectName | undefined;

  constructor(
    configured: 'auto' | DialectName,
    contradicted: (sent: string, answered: string | undefined) => void,
  ) {
    this.#known = configured === 'auto' ? undefined : configured;
    this.#contradicted = contradicted;
  }

  /** Undefined until an answer told. */
  get known(): DialectName | undefined {
    return this.#known;
  }

  /** Whether the target may give ids of its own, as far as is known. */
  get mayMint(): boolean {
    return this.#known !== 'minio';
  }

  found(dialect: DialectName): void {
    this.#known = dialect;
  }

  /**
   * The id to name in a write that is sent in this dialect. `null` only where the target is known to take ids: Ceph
   * stores `?versionId=null` on an unversioned bucket as a version that no plain delete reaches.
   */
  dictated(sending: DialectName, identity: string): string | undefined {
    if (sending !== 'minio' || (identity === 'null' && this.#known !== 'minio')) return undefined;
    return identity;
  }

  /**
   * Takes note of the id in an answer to a write that named `sent`. `null` tells nothing: unversioned buckets of
   * every kind answer so.
   */
  confirm(sent: string, answered: string | undefined): void {
    if (sent === 'null' && this.#known !== 'minio') return;
    if (answered === sent) {
      if (sent !== 'null') this.#known = 'minio';
      return;
    }
    if (sent === 'null' && answered === undefined) return;
    if (this.#known === 'minio') this.#contradicted(sent, answered);
    this.#known = 's3';
  }
}

/** Sends MinIO's way unless the target is known not to take it; one that refuses is tried the plain way, once. */
export async function inDialect<T>(
  dialect: Dialect,
  send: (dialect: DialectName) => Promise<T>,
): Promise<T> {
  if (dialect.known !== undefined) return send(dialect.known);
  try {
    return await send('minio');
  } catch (error) {
    if (!refusesManner(error)) throw error;
    const result = await send('s3');
    dialect.found('s3');
    return result;
  }
}

const refusals = new Set([
  'InvalidArgument',
  'InvalidRequest',
  'NotImplemented',
  'InvalidVersionId',
  'NoSuchVersion',
  'MethodNotAllowed',
  'Status400',
  'Status501',
]);

/** Whether the target may have refused the version id or the headers rather than the object. */
export function refusesManner(error: unknown): boolean {
  return error instanceof S3Error && error.status < 600 && refusals.has(error.code);
}
