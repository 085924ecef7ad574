// Where a running sidecar's admin listener is, for the commands that talk to it.

import { ConfigError } from './fault.ts';
import { type Environment, Reader, type ReadFile } from './reader.ts';
import { admin } from './table.ts';

export interface AdminAddress {
  readonly url: string;
  readonly token?: string;
}

/** Needs none of the other variables, so that the commands work where the sidecar's own are not set. */
export function loadAdminAddress(env: Environment, readFile: ReadFile): AdminAddress {
  const reader = new Reader(env, readFile);
  const url = reader.read(admin.url);
  const token = reader.read(admin.token);
  if (reader.faults.length > 0) throw new ConfigError(reader.faults);
  return { url, ...(token === undefined ? {} : { token }) };
}
