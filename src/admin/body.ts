// Reads the JSON body of a request within a limit.

import type { IncomingMessage } from 'node:http';
import { SidecarError } from '../errors.ts';
import { badRequest } from './answer.ts';

const bytesMax = 16_384;

export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The object that a request carries; none is an empty one. A body must be called JSON: browsers then ask
 * before a foreign page may send it, and that question is never answered with yes.
 */
export async function readBody(request: IncomingMessage): Promise<JsonObject> {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    const message = 'expected content-type: application/json';
    throw new SidecarError(message, { code: 'not-json', retryable: false });
  }
  const chunks: Buffer[] = [];
  let size = 0;
  // Giving up in the middle must not destroy the connection: the refusal goes over it.
  const pieces: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  for await (const chunk of pieces) {
    size += chunk.length;
    if (size > bytesMax) {
      const message = `expected a body of at most ${bytesMax} bytes`;
      throw new SidecarError(message, { code: 'body-too-large', retryable: false });
    }
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  return text === '' ? {} : parseObject(text);
}

function parseObject(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badRequest('the body is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRequest('expected a JSON object');
  }
  return Object.fromEntries(Object.entries(value));
}
