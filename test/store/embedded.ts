// An embedded store for one test, closed when the test ends.

import type { ExecutionContext } from 'ava';
import type { MemoryStoreOptions } from '../../src/store/memory-store.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { RawAnswer, RawRequest, StoreAddress } from './clients.ts';
import { send } from './clients.ts';

export interface Embedded {
  readonly store: MemoryStore;
  readonly address: StoreAddress;
  readonly send: (raw: RawRequest) => Promise<RawAnswer>;
}

export async function startEmbedded(
  t: ExecutionContext,
  more: Partial<MemoryStoreOptions> = {},
): Promise<Embedded> {
  const credentials = { accessKey: 'key', secretKey: 'secret' };
  const store = new MemoryStore({ manner: 's3', credentials, ...more });
  const { url } = await store.start();
  t.teardown(() => store.close());
  const address = { url, credentials, region: more.region ?? 'us-east-1' };
  return { store, address, send: (raw) => send(address, raw) };
}
