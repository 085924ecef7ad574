// Where the source is, from its URL.

import type { SourceConfig } from './config.ts';
import type { SourceAddress } from './wire/options.ts';

/** Host and port of an endpoint. */
export function addressOf(url: string): { host: string; port: number } {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return { host, port: port === '' ? defaultPort(protocol) : Number(port) };
}

function defaultPort(protocol: string): number {
  return protocol === 'https:' ? 443 : 80;
}

/** The source as the wire connects to it. */
export function wireSource(source: SourceConfig): SourceAddress {
  const address = addressOf(source.url);
  if (!source.url.startsWith('https:')) return address;
  const { ca } = source;
  return { ...address, tls: { servername: address.host, ...(ca === undefined ? {} : { ca }) } };
}
