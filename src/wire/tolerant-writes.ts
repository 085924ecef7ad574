// A socket that outlives a failed write. Node destroys a socket whose write fails, and what had arrived before is
// lost; but a source that refuses an upload answers first and closes then, and that answer must be read.

import type { Socket } from 'node:net';

type WriteDone = (error?: Error | null) => void;

/** Tells of failed writes instead of ending the socket; what is read shows how it ended. */
export function tolerateFailedWrites(socket: Socket, onFailure: () => void): void {
  // oxlint-disable-next-line no-underscore-dangle -- the method that a stream's implementer defines
  const write = socket._write.bind(socket);
  // oxlint-disable-next-line no-underscore-dangle -- the same for several chunks
  const writev = socket._writev?.bind(socket);
  const tolerant = (done: WriteDone): WriteDone => {
    return (error) => {
      if (error !== null && error !== undefined) onFailure();
      done();
    };
  };
  Object.assign(socket, {
    _write(chunk: unknown, encoding: BufferEncoding, done: WriteDone): void {
      write(chunk, encoding, tolerant(done));
    },
    ...(writev !== undefined && {
      _writev(chunks: { chunk: unknown; encoding: BufferEncoding }[], done: WriteDone): void {
        writev(chunks, tolerant(done));
      },
    }),
  });
}
