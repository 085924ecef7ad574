// The log: JSON lines, without anything that would let their reader act as somebody else.

import { type DestinationStream, destination, type Logger, pino, stdSerializers } from 'pino';

export interface LogSettings {
  readonly level: string;
  /** Where the lines go; the process's own output if not given. */
  readonly stream?: DestinationStream;
}

const redacted = '[redacted]';

/**
 * A pino logger whose lines are cleaned of secrets by the names of their fields: `secretKey`, `token`,
 * `authorization` …, at any place. A request's target is logged as `requestTarget`, its header lines as
 * `headers`: of both only the secret parts are taken out.
 *
 * pino's own `redact` wants each path spelt out. With the names below at three depths that takes 70 µs a line;
 * this takes a few, and is not fooled by the case of a name or by one more level.
 */
export function createLogger({ level, stream }: LogSettings): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => cleanFields(fields, depthMax),
      },
      // What a child logger is bound to does not pass the formatter above.
      redact: { paths: boundSecrets.flatMap((name) => [name, `*.${name}`]), censor: redacted },
      // Errors are cleaned, and thereby made plain, above.
      serializers: { err: (error: unknown) => error },
      hooks: {
        // Without a message pino takes the error's own, uncleaned.
        logMethod(given, method) {
          const [fields, message] = given;
          const error = message === undefined ? errorIn(fields) : undefined;
          if (error === undefined) method.apply(this, given);
          else method.apply(this, [fields, cleanText(error.message)]);
        },
      },
    },
    stream ?? destination({ fd: 1, sync: true }),
  );
}

const boundSecrets = ['credentials', 'accessKey', 'secretKey', 'token', 'authorization'];
const depthMax = 6;
const secretField =
  /^(?:authorization|(?:set-)?cookie|access-?key(?:-?id)?|secret(?:-?access)?-?key|credentials?|password|(?:session|security)?-?token|signature|policy|x-amz-(?:signature|credential|security-token)|.*customer-key.*)$/i;
const targetField = /^(?:requestTarget|url|path|location)$/;

function cleanFields(fields: object, depth: number): Record<string, unknown> {
  const clean: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) clean[name] = cleanField(name, value, depth);
  return clean;
}

function cleanField(name: string, value: unknown, depth: number): unknown {
  if (value === undefined || value === null) return value;
  if (secretField.test(name)) return redacted;
  if (name === 'headers') return safeHeaders(value);
  if (typeof value === 'string') return targetField.test(name) ? safeTarget(value) : value;
  return cleanValue(value, depth);
}

function cleanValue(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (depth === 0) return '[too deep]';
  if (value instanceof Error) return cleanError(value, depth - 1);
  if (Array.isArray(value)) return value.map((item) => cleanValue(item, depth - 1));
  return cleanFields(value, depth - 1);
}

/** Messages of foreign errors may quote a presigned URL. */
function cleanError(error: Error, depth: number): Record<string, unknown> {
  const fields = cleanFields(stdSerializers.err(error), depth);
  for (const name of ['message', 'stack']) {
    const text = fields[name];
    if (typeof text === 'string') fields[name] = cleanText(text);
  }
  return fields;
}

function errorIn(fields: unknown): Error | undefined {
  if (fields instanceof Error) return fields;
  const isObject = typeof fields === 'object' && fields !== null;
  return isObject && 'err' in fields && fields.err instanceof Error ? fields.err : undefined;
}

function cleanText(text: string): string {
  return text.replaceAll(secretInText, `$1${redacted}`);
}

const secretInText = /((?:x-amz-(?:signature|credential|security-token)|signature)=)[^&\s"']+/gi;

const secretHeader = /customer-key|token|secret|password|authorization|signature|credential|cookie/;

/** Header lines by lower-case name, those that hold secrets redacted. */
export function safeHeaders(headers: unknown): unknown {
  if (typeof headers !== 'object' || headers === null) return headers;
  const lines = Array.isArray(headers) ? headers.flatMap(lineOf) : Object.entries(headers);
  const safe = new Map<string, string>();
  for (const [name, value] of lines) {
    const lower = name.toLowerCase();
    const shown = secretHeader.test(lower) ? redacted : safeHeaderValue(lower, String(value));
    const before = safe.get(lower);
    safe.set(lower, before === undefined ? shown : `${before}, ${shown}`);
  }
  return Object.fromEntries(safe);
}

function lineOf(line: unknown): readonly (readonly [string, unknown])[] {
  if (typeof line !== 'object' || line === null) return [];
  if (!('name' in line) || !('value' in line) || typeof line.name !== 'string') return [];
  return [[line.name, line.value]];
}

/** Some headers carry a URL, which may be a presigned one. */
function safeHeaderValue(lower: string, value: string): string {
  return ['location', 'referer', 'x-amz-copy-source'].includes(lower) ? safeTarget(value) : value;
}

const secretParameters =
  /^(?:x-amz-(?:signature|credential)|signature|awsaccesskeyid|.*customer-key.*|(?!continuation-).*(?:token|secret|password).*)$/i;

/**
 * A raw request target with the values of secret query parameters taken out. The rest stays as it is, byte by
 * byte. A parameter whose name cannot be decoded is taken for a secret.
 */
export function safeTarget(target: string): string {
  const mark = target.indexOf('?');
  if (mark < 0) return withoutUserinfo(target);
  const query = target
    .slice(mark + 1)
    .split('&')
    .map(safeParameter)
    .join('&');
  return `${withoutUserinfo(target.slice(0, mark))}?${query}`;
}

function safeParameter(parameter: string): string {
  const equals = parameter.indexOf('=');
  if (equals < 0) return parameter;
  const name = parameter.slice(0, equals);
  return isSecretParameter(name) ? `${name}=${redacted}` : parameter;
}

function isSecretParameter(encoded: string): boolean {
  try {
    return secretParameters.test(decodeURIComponent(encoded).trim());
  } catch {
    return true;
  }
}

function withoutUserinfo(target: string): string {
  return target.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, `$1${redacted}@`);
}
