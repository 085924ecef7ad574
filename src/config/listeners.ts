// What the sidecar listens on: clients with or without TLS, and the admin listener.

import { collide, isLoopback } from './checks.ts';
import { readPem } from './pem.ts';
import type { Reader } from './reader.ts';
import { admin, listening } from './table.ts';
import type { Config } from './types.ts';
import type { Address } from './values.ts';

export function readTls(reader: Reader): Config['tls'] {
  const { tlsCertFile, tlsKeyFile } = listening;
  const certFile = reader.read(tlsCertFile);
  const keyFile = reader.read(tlsKeyFile);
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined) {
    const absent = certFile === undefined ? tlsCertFile : tlsKeyFile;
    const expected = 'missing: certificate and key go together';
    reader.fault({ variable: absent.name, value: undefined, expected });
    return undefined;
  }
  readPem(reader, { name: tlsCertFile.name, path: certFile, label: 'CERTIFICATE' });
  readPem(reader, { name: tlsKeyFile.name, path: keyFile, label: 'PRIVATE KEY' });
  return { certFile, keyFile };
}

export function readAdmin(reader: Reader, clients: Address): Config['admin'] {
  const listen = reader.read(admin.listen);
  const token = reader.read(admin.token);
  reader.read(admin.url);
  if (!isLoopback(listen.host) && !reader.given(admin.token.name)) {
    const expected = `missing: ${admin.listen.name} is not on loopback`;
    reader.fault({ variable: admin.token.name, value: undefined, expected });
  }
  if (listen.port !== 0 && collide(listen, clients)) {
    const expected = `expected another port than ${listening.listen.name}`;
    const value = `${listen.host}:${listen.port}`;
    reader.fault({ variable: admin.listen.name, value, expected });
  }
  return { listen, ...(token === undefined ? {} : { token }) };
}
