// Requests to a running sidecar's admin listener, with errors that say what to do.

import { Agent, request } from 'undici';
import { type AdminAddress, loadAdminAddress } from '../config/admin-address.ts';
import { SidecarError } from '../errors.ts';
import type { CommandContext } from './command.ts';

const answerBytesMax = 64 * 1024 * 1024;

export class AdminClient {
  readonly #address: AdminAddress;
  readonly #signal: AbortSignal;
  readonly #agent = new Agent({
    connect: { timeout: 5000 },
    headersTimeout: 30_000,
    bodyTimeout: 30_000,
    maxResponseSize: answerBytesMax,
  });

  constructor({ env, readFile, signal }: Pick<CommandContext, 'env' | 'readFile' | 'signal'>) {
    this.#address = loadAdminAddress(env, readFile);
    this.#signal = signal;
  }

  async get(path: string): Promise<unknown> {
    return await this.#ask('GET', path, undefined);
  }

  async post(path: string, body: Readonly<Record<string, unknown>>): Promise<unknown> {
    return await this.#ask('POST', path, JSON.stringify(body));
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }

  async #ask(method: 'GET' | 'POST', path: string, body: string | undefined): Promise<unknown> {
    const { status, text } = await this.#exchange(method, path, body);
    const answer = parseAnswer(text);
    if (answer === undefined) {
      throw new SidecarError(`what answers at ${this.#address.url} is no admin listener`, {
        code: 'admin-foreign',
        retryable: false,
        hint: `it said ${status}; REPLICAR_ADMIN_URL must lead to REPLICAR_ADMIN_LISTEN of a sidecar`,
      });
    }
    if (status === 200) return answer;
    throw refusedBy(status, answer);
  }

  async #exchange(method: 'GET' | 'POST', path: string, body: string | undefined) {
    const { url, token } = this.#address;
    try {
      const answer = await request(`${url}${path}`, {
        method,
        dispatcher: this.#agent,
        signal: this.#signal,
        headers: {
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        ...(body === undefined ? {} : { body }),
      });
      return { status: answer.statusCode, text: await answer.body.text() };
    } catch (error) {
      const cause = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      throw new SidecarError(`no sidecar answers at ${url} (${cause})`, {
        code: 'admin-unreachable',
        retryable: true,
        hint: 'is "replicar serve" running? REPLICAR_ADMIN_URL must lead to its admin listener',
        cause: error,
      });
    }
  }
}

/** A client for the length of one command. */
export async function withAdmin<T>(
  context: CommandContext,
  use: (client: AdminClient) => Promise<T>,
): Promise<T> {
  const client = new AdminClient(context);
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

/** Every answer of the admin listener is a JSON object. */
function parseAnswer(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function refusedBy(status: number, answer: object): SidecarError {
  const message = 'message' in answer ? String(answer.message) : `the sidecar answered ${status}`;
  const code = 'error' in answer ? String(answer.error) : 'admin-refused';
  const hint = 'hint' in answer ? { hint: String(answer.hint) } : {};
  return new SidecarError(message, { code, retryable: false, ...hint });
}
