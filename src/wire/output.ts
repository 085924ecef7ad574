// Writing to sockets: pieces that belong together leave in one packet where they fit.

import type { Socket } from 'node:net';

/** Up to here copying costs less than a vectored write. */
const JOIN_MAX = 16 * 1024;

/** What a socket may buffer for writing: enough to keep both sides busy, little enough for thousands of them. */
export const HIGH_WATER_MARK = 256 * 1024;

/** Writes all pieces; false when the socket wants a pause. */
export function writePieces(socket: Socket, pieces: readonly Buffer[]): boolean {
  const [first] = pieces;
  if (first === undefined) return true;
  if (pieces.length === 1) return socket.write(first);
  const stretch = oneStretch(pieces);
  if (stretch !== undefined) return socket.write(stretch);
  let length = 0;
  for (const piece of pieces) length += piece.length;
  if (length <= JOIN_MAX) return socket.write(Buffer.concat(pieces, length));
  socket.cork();
  for (const piece of pieces) socket.write(piece);
  socket.uncork();
  return !socket.writableNeedDrain;
}

/** Pieces that lie side by side in memory, as a head and the body that came with it do, as one without a copy. */
export function oneStretch(pieces: readonly Buffer[]): Buffer | undefined {
  const [first] = pieces;
  if (first === undefined) return undefined;
  let end = first.byteOffset;
  for (const piece of pieces) {
    if (piece.buffer !== first.buffer || piece.byteOffset !== end) return undefined;
    end += piece.length;
  }
  return Buffer.from(first.buffer, first.byteOffset, end - first.byteOffset);
}
