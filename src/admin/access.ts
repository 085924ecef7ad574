// Who may use the API: whoever knows the token; without one, whoever reaches the loopback interface by its
// own name. The latter keeps web pages out that point a name of theirs at 127.0.0.1.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type Answer, json, refusal } from './answer.ts';

export class Access {
  readonly #digest: Buffer | undefined;

  constructor(token: string | undefined) {
    this.#digest = token === undefined ? undefined : digest(token);
  }

  /** The refusal, or undefined where the request may go on. */
  refuse(headers: IncomingHttpHeaders): Answer | undefined {
    if (this.#digest === undefined) {
      if (isLoopbackName(headers.host ?? '')) return undefined;
      const hint = 'use 127.0.0.1 or localhost, or set REPLICAR_ADMIN_TOKEN';
      return refusal(403, 'foreign-host', 'without a token the API answers on loopback only', hint);
    }
    const given = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
    // Digests have one length, so the time of the comparison tells nothing.
    if (given !== undefined && timingSafeEqual(digest(given), this.#digest)) return undefined;
    const message =
      given === undefined ? 'a bearer token is needed' : 'the token is not the right one';
    const body = {
      error: 'unauthorized',
      message,
      hint: 'set REPLICAR_ADMIN_TOKEN as the sidecar has it',
    };
    return json(401, body, { 'www-authenticate': 'Bearer realm="replicar"' });
  }
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function isLoopbackName(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i.test(host);
}
