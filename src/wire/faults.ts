// What can go wrong on the wire: a breach of HTTP while parsing, and the faults that clients are answered with.

import type { Fault, FaultCode } from './types.ts';

/** A message that breaks HTTP. Who sent it decides what becomes of it: `malformed` or `nonsense`. */
export class Breach extends Error {
  /** The status for a client that did it. */
  readonly status: number;

  constructor(message: string, status = 400) {
    super(message);
    this.name = 'Breach';
    this.status = status;
  }
}

const STATUS: Readonly<Record<FaultCode, number>> = {
  malformed: 400,
  timeout: 408,
  busy: 503,
  unreachable: 503,
  'connect-timeout': 504,
  lost: 503,
  nonsense: 502,
};

export function fault(code: FaultCode, message: string, status = STATUS[code]): Fault {
  return { code, status, message };
}
