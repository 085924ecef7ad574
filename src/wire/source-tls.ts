// TLS to the source, with one thing that Node's own does not tell: whether the source closed its side in TLS
// (close_notify) or the TCP connection just ended. A body without length that ends the second way was cut
// (RFC 9112 section 9.8). To see it, the TLS layer gets the TCP stream through our hands, and never its end.

import type { Socket } from 'node:net';
import { isIP } from 'node:net';
import { Duplex } from 'node:stream';
import tls, { type TLSSocket } from 'node:tls';
import { HIGH_WATER_MARK } from './output.ts';

export interface SourceTls {
  readonly ca?: string | Buffer;
  readonly servername: string;
}

/** Starts TLS on a socket that may still be connecting. `secureConnect` tells that the source was verified. */
export function openTls(raw: Socket, { ca, servername }: SourceTls, session?: Buffer): TLSSocket {
  const options = {
    socket: withoutEnd(raw),
    host: servername,
    // An address is verified like a name, but never sent as one (RFC 6066 section 3).
    servername: isIP(servername) === 0 ? servername : '',
    ALPNProtocols: ['http/1.1'],
    minVersion: 'TLSv1.2' as const,
    allowHalfOpen: true,
    highWaterMark: HIGH_WATER_MARK,
    ...(ca !== undefined && { ca }),
    ...(session !== undefined && { session }),
  };
  const socket = tls.connect(options);
  raw.on('error', (error) => socket.destroy(error));
  raw.on('close', () => socket.destroy());
  socket.on('close', () => raw.destroy());
  raw.on('end', () => destroyIfTruncated(socket));
  return socket;
}

function withoutEnd(raw: Socket): Duplex {
  const stream = new Duplex({
    highWaterMark: HIGH_WATER_MARK,
    read: () => raw.resume(),
    write: (chunk: Buffer, _encoding, done) => raw.write(chunk, done),
    final: (done) => raw.end(done),
    destroy: (error, done) => {
      raw.destroy();
      done(error);
    },
  });
  raw.on('data', (chunk: Buffer) => {
    if (!stream.push(chunk)) raw.pause();
  });
  return stream;
}

/** After the TCP stream's end: unless the TLS stream ends too once all that came is read, it was cut. */
function destroyIfTruncated(socket: TLSSocket): void {
  setImmediate(() => {
    if (socket.readableEnded || socket.destroyed) return;
    if (socket.isPaused() || socket.readableLength > 0) {
      socket.once('resume', () => destroyIfTruncated(socket));
      return;
    }
    socket.destroy(new Error('the source ended TCP without ending TLS'));
  });
}
