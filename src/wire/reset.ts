// Ending a TCP connection so that the other side sees that it was cut.

import type { Socket } from 'node:net';

/**
 * Sends a reset and nothing else. Node's own `resetAndDestroy` first waits until all was written and sends a FIN,
 * which is exactly what must not happen: a body that ends with the connection would look whole. The flag is the
 * one it sets itself; without it (or after a FIN of ours) this is a plain destroy.
 */
export function resetSocket(socket: Socket): void {
  if (socket.destroyed) return;
  if (!socket.writableEnded && !socket.connecting) Object.assign(socket, { resetAndClosing: true });
  socket.destroy();
}
