// The frame around every record: version, length, CRC32C over key, version and payload, then the payload. LevelDB
// reports neither a flipped bit nor a value under a wrong key; this does.

import { crc32c } from '../s3/crc.ts';

/** version (1), length (4), CRC32C (4) */
const headBytes = 9;
/** version and length */
const summedHeadBytes = 5;
const frameVersion = 1;

/** Makes the frame of a record. All that the sum runs over is laid out in a row first, so that it is one run. */
export function encodeRecord(key: string, payload: string): Buffer {
  makeRoom((key.length + payload.length) * 3 + summedHeadBytes);
  const keyEnd = scratch.write(key);
  const start = keyEnd + summedHeadBytes;
  const length = scratch.write(payload, start);
  scratch[keyEnd] = frameVersion;
  scratch.writeUInt32LE(length, keyEnd + 1);
  const frame = Buffer.allocUnsafe(headBytes + length);
  frame[0] = frameVersion;
  frame.writeUInt32LE(length, 1);
  frame.writeUInt32LE(crc32c(scratch, 0, 0, start + length), summedHeadBytes);
  scratch.copy(frame, headBytes, start, start + length);
  return frame;
}

/** The payload, or undefined if it is not what was written under this key. */
export function decodeRecord(key: string, frame: Buffer): string | undefined {
  if (!isSound(key, frame)) return undefined;
  return frame.toString('utf8', headBytes);
}

/** Reads a payload. Its sum has proved that it is what this program wrote, so its shape is trusted. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the one place where bytes get a type
export function parsePayload<T>(payload: string): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return JSON.parse(payload) as T;
}

export function isSound(key: string, frame: Buffer): boolean {
  return (
    frame.length >= headBytes &&
    frame[0] === frameVersion &&
    frame.readUInt32LE(1) === frame.length - headBytes &&
    frame.readUInt32LE(5) === checksum(key, frame)
  );
}

/** What a sound record adds to the hash-sum of its kind. */
export function hashOf(frame: Buffer): number {
  return frame.readUInt32LE(5);
}

/** The sum runs over the key, the version and length, and the payload, leaving out itself. */
function checksum(key: string, frame: Buffer): number {
  makeRoom(key.length * 3);
  const keySum = crc32c(scratch, 0, 0, scratch.write(key));
  return crc32c(frame, crc32c(frame, keySum, 0, summedHeadBytes), headBytes);
}

let scratch = Buffer.alloc(16_384);

function makeRoom(bytes: number): void {
  if (bytes > scratch.length) scratch = Buffer.alloc(bytes);
}
