// The log: JSON lines, without anything that would let their reader act as somebody else.

import { type DestinationStream, destination, type Logger, pino } from 'pino';

export interface LogSettings {
  readonly level: string;
  /** Where the lines go; the process's own output if not given. */
  readonly stream?: DestinationStream;
}

const secretNames = [
  'authorization',
  'Authorization',
  'cookie',
  'accessKey',
  'secretKey',
  'credentials',
  'password',
  'token',
  'sessionToken',
  'signature',
  'policy',
  'ca',
  'x-amz-signature',
  'X-Amz-Signature',
  'x-amz-credential',
  'X-Amz-Credential',
  'x-amz-security-token',
  'X-Amz-Security-Token',
  'x-amz-server-side-encryption-customer-key',
  'x-amz-server-side-encryption-customer-key-md5',
  'x-amz-copy-source-server-side-encryption-customer-key',
  'x-amz-copy-source-server-side-encryption-customer-key-md5',
];

/** In the logged object itself, and up to two levels down. */
const secretPaths = secretNames.flatMap((name) => [
  `["${name}"]`,
  `*["${name}"]`,
  `*.*["${name}"]`,
]);

const redacted = '[redacted]';

/** A pino logger. A request's target is logged as `requestTarget`, its header lines as `headers`: both are cleaned. */
export function createLogger({ level, stream }: LogSettings): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretPaths, censor: redacted },
      serializers: { requestTarget: safeTargetValue, headers: safeHeaders },
    },
    stream ?? destination({ fd: 1, sync: true }),
  );
}

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

function safeTargetValue(target: unknown): unknown {
  return typeof target === 'string' ? safeTarget(target) : target;
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
