// The bytes on their way from source to target: small ones in memory, big ones as a stream that is measured while it
// flows. Either way a body that is not what the source promised never becomes an object at the target.

import { createHash, hash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { SidecarError } from '../errors.ts';
import type { CallBody } from '../s3/client.ts';
import { readAll } from '../s3/client.ts';
import type { ByteBudget } from './byte-budget.ts';
import { fromSource, sourceError } from './failure.ts';

/** Bodies up to here are always held: the number of workers bounds them. */
const alwaysHeldMax = 1024 * 1024;
/** Bodies up to here are held while the shared budget lasts. */
const heldMax = 8 * 1024 * 1024;

export interface ObjectBody {
  /** What to send. A stream can be sent once. */
  readonly sendable: CallBody;
  /** Whether it is in memory, so that it may be sent again. */
  readonly isHeld: boolean;
  /** Hexadecimal MD5 of the bytes; of a stream only after it was sent. */
  md5(): string;
  /** Why the source's stream broke, if it did: the target is not to blame then. */
  fault(): unknown;
  /** Gives back what it holds. */
  release(): void;
}

export interface Promised {
  readonly size: number;
  /** Hexadecimal, where it is known. */
  readonly md5: string | undefined;
  /** `/bucket/key`, for messages. */
  readonly name: string;
}

export async function takeBody(
  stream: Readable,
  promised: Promised,
  buffers: ByteBudget,
): Promise<ObjectBody> {
  const { size } = promised;
  if (size <= alwaysHeldMax) return held(stream, promised, () => {});
  const release = size <= heldMax ? buffers.take(size) : undefined;
  if (release === undefined) return streamed(stream, promised);
  try {
    return await held(stream, promised, release);
  } catch (error) {
    release();
    throw error;
  }
}

async function held(
  stream: Readable,
  promised: Promised,
  release: () => void,
): Promise<ObjectBody> {
  const { size, name } = promised;
  const bytes = await fromSource(readAll(stream, size, name));
  if (bytes.length !== size) throw truncated(bytes.length, promised);
  const md5 = hash('md5', bytes, 'hex');
  if (promised.md5 !== undefined && md5 !== promised.md5) {
    throw new SidecarError(
      `the source's bytes of ${name} have the MD5 ${md5} where its ETag says ${promised.md5}`,
      { code: 'source-corrupt', retryable: true },
    );
  }
  return { sendable: bytes, isHeld: true, md5: () => md5, fault: () => undefined, release };
}

function streamed(stream: Readable, promised: Promised): ObjectBody {
  const sum = createHash('md5');
  let fault: unknown;
  let digest: string | undefined;
  async function* measured(): AsyncGenerator<Buffer> {
    let length = 0;
    try {
      for await (const piece of stream as AsyncIterable<Buffer>) {
        length += piece.length;
        sum.update(piece);
        yield piece;
      }
    } catch (error) {
      fault = broken(error, promised);
      throw fault;
    }
    if (length === promised.size) return;
    fault = truncated(length, promised);
    throw fault;
  }
  return {
    sendable: { stream: measured(), length: promised.size },
    isHeld: false,
    md5: () => (digest ??= sum.digest('hex')),
    fault: () => fault,
    release: () => stream.destroy(),
  };
}

function broken(error: unknown, { name }: Promised): unknown {
  if (error instanceof SidecarError) return sourceError(error);
  return new SidecarError(`the source's body of ${name} broke off: ${String(error)}`, {
    code: 'source-cut',
    retryable: true,
    cause: error,
  });
}

function truncated(length: number, { size, name }: Promised): SidecarError {
  return new SidecarError(`the source gave ${length} of the ${size} bytes of ${name}`, {
    code: 'source-truncated',
    retryable: true,
  });
}
