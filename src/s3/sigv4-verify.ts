// Verifying AWS Signature Version 4 on a request's head, in its header and its presigned form. Pure: it takes the
// head, the keys and the time, and answers with who signed, or with the refusal S3 would give.

import { timingSafeEqual } from 'node:crypto';
import type { SigningScope } from './sigv4.ts';
import { algorithm, ChunkSignatures, hmacHex, sign, signingKey, unsignedPayload } from './sigv4.ts';
import type { SignatureHeader } from './sigv4-canonical.ts';
import { canonicalHeaders, canonicalPath, canonicalQuery, splitTarget } from './sigv4-canonical.ts';
import type { Refused } from './sigv4-refusals.ts';
import {
  badQuery,
  doesNotMatch,
  faultOfPayloadHash,
  malformed,
  refusal,
  unsupportedMechanism,
} from './sigv4-refusals.ts';

export interface SignedHead {
  readonly method: string;
  /** The raw request target as received. */
  readonly target: string;
  readonly headers: readonly SignatureHeader[];
}

export interface VerifyOptions {
  readonly secretOf: (accessKey: string) => string | undefined;
  /** The region that must stand in the scope; undefined takes any. */
  readonly region?: string | undefined;
  /** The verifier's clock, ms since the epoch. */
  readonly now: number;
}

export interface Verified {
  readonly kind: 'verified';
  readonly accessKey: string;
  readonly presigned: boolean;
  /** What the signature says of the body: hexadecimal SHA-256, `UNSIGNED-PAYLOAD` or a `STREAMING-…` word. */
  readonly payloadHash: string;
  readonly scope: SigningScope;
  readonly signature: string;
}

/** `anonymous`: nothing in the head claims a signature. */
export type Verification = Verified | Refused | { readonly kind: 'anonymous' };

const windowMs = 15 * 60_000;
const expiresMaxSeconds = 604_800;

export function verifyRequest(head: SignedHead, options: VerifyOptions): Verification {
  const authorization = valueOf(head.headers, 'authorization');
  if (authorization !== undefined) return verifyHeader(head, authorization, options);
  const { query } = splitTarget(head.target);
  if (/(^|&)x-amz-(algorithm|signature|credential)=/i.test(query)) {
    return verifyPresigned(head, queryValues(query), options);
  }
  if (/(^|&)AWSAccessKeyId=/.test(query)) return unsupportedMechanism;
  return { kind: 'anonymous' };
}

/** The signatures of an aws-chunked body, from the head that was verified. */
export function chunkSignatures(verified: Verified): ChunkSignatures {
  return new ChunkSignatures(verified.scope, verified.signature);
}

/** Verifies the policy of a POST form: the signature is over the policy's base64 text. */
export function verifyPolicy(
  form: {
    readonly policy: string;
    readonly credential: string;
    readonly date: string;
    readonly signature: string;
  },
  options: VerifyOptions,
): Refused | { readonly kind: 'verified'; readonly accessKey: string } {
  const claim = readClaim(form.credential, form.date, options);
  if (claim.kind === 'refused') return claim;
  const expected = hmacHex(claim.scope.key, form.policy);
  if (!equalSignatures(expected, form.signature)) return doesNotMatch;
  return { kind: 'verified', accessKey: claim.accessKey };
}

function verifyHeader(
  head: SignedHead,
  authorization: string,
  options: VerifyOptions,
): Verified | Refused {
  if (authorization.startsWith('AWS ')) return unsupportedMechanism;
  const fields = authorizationFields(authorization);
  if (fields === undefined) {
    return refusal(400, 'AuthorizationHeaderMalformed', 'The authorization header is malformed.');
  }
  const date = valueOf(head.headers, 'x-amz-date') ?? httpDate(valueOf(head.headers, 'date'));
  if (date === undefined || parseAmzDate(date) === undefined) {
    return refusal(
      403,
      'AccessDenied',
      'AWS authentication requires a valid Date or x-amz-date header',
    );
  }
  const claim = readClaim(fields.credential, date, options);
  if (claim.kind === 'refused') return claim;
  const at = parseAmzDate(date) ?? 0;
  if (Math.abs(options.now - at) > windowMs) {
    return refusal(
      403,
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
    );
  }
  const payloadHash = valueOf(head.headers, 'x-amz-content-sha256');
  const fault = faultOfPayloadHash(payloadHash);
  if (fault !== undefined) return fault;
  const parsed = { ...claim, ...fields, payloadHash: payloadHash ?? unsignedPayload };
  return compare(head, parsed, false);
}

function verifyPresigned(
  head: SignedHead,
  values: ReadonlyMap<string, string>,
  options: VerifyOptions,
): Verified | Refused {
  const read = (name: string): string => values.get(name) ?? '';
  const [credential, date] = [read('x-amz-credential'), read('x-amz-date')];
  const [signedHeaders, signature] = [read('x-amz-signedheaders'), read('x-amz-signature')];
  const at = parseAmzDate(date);
  if (read('x-amz-algorithm') !== algorithm || credential === '' || at === undefined) {
    return badQuery('X-Amz-Algorithm, X-Amz-Credential and X-Amz-Date must be given and valid.');
  }
  if (signedHeaders === '' || signature === '') {
    return badQuery('X-Amz-SignedHeaders and X-Amz-Signature must be given.');
  }
  const expires = read('x-amz-expires');
  if (!/^\d{1,7}$/.test(expires) || Number(expires) > expiresMaxSeconds) {
    return badQuery('X-Amz-Expires must be a number of seconds from 0 to 604800.');
  }
  const claim = readClaim(credential, date, options);
  if (claim.kind === 'refused') return claim;
  if (at > options.now + windowMs) {
    return refusal(403, 'AccessDenied', 'Request is not yet valid');
  }
  if (options.now > at + Number(expires) * 1000) {
    return refusal(403, 'AccessDenied', 'Request has expired');
  }
  const payloadHash =
    values.get('x-amz-content-sha256') ??
    valueOf(head.headers, 'x-amz-content-sha256') ??
    unsignedPayload;
  const fault = faultOfPayloadHash(payloadHash);
  if (fault !== undefined) return fault;
  return compare(head, { ...claim, signedHeaders, signature, payloadHash }, true);
}

interface Claim {
  readonly kind: 'claim';
  readonly accessKey: string;
  readonly scope: SigningScope;
}

/** Reads `KEY/20130524/us-east-1/s3/aws4_request` and finds the key to check with. */
function readClaim(credential: string, date: string, options: VerifyOptions): Claim | Refused {
  const parts = credential.split('/');
  const [day, region, service, end] = parts.slice(-4);
  const accessKey = parts.slice(0, -4).join('/');
  if (parts.length < 5 || day === undefined || region === undefined) {
    return malformed('the Credential must be KEY/DATE/REGION/s3/aws4_request.');
  }
  if (service !== 's3' || end !== 'aws4_request') {
    return malformed('the credential scope must end in s3/aws4_request.');
  }
  if (day !== date.slice(0, 8)) {
    return malformed(`the credential date "${day}" does not match the date of the request.`);
  }
  if (options.region !== undefined && region !== options.region) {
    return malformed(`the region '${region}' is wrong; expecting '${options.region}'`);
  }
  const secret = options.secretOf(accessKey);
  if (secret === undefined) {
    return refusal(
      403,
      'InvalidAccessKeyId',
      'The AWS Access Key Id you provided does not exist in our records.',
    );
  }
  const scope = `${day}/${region}/s3/aws4_request`;
  return {
    kind: 'claim',
    accessKey,
    scope: { date, scope, key: signingKey(secret, day, region) },
  };
}

interface ParsedSignature extends Claim {
  readonly signedHeaders: string;
  readonly signature: string;
  readonly payloadHash: string;
}

function compare(
  head: SignedHead,
  parsed: ParsedSignature,
  presigned: boolean,
): Verified | Refused {
  const signed = new Set(parsed.signedHeaders.toLowerCase().split(';'));
  if (!signed.has('host')) return malformed('the host header must be signed.');
  const unsigned = head.headers.find(
    ({ name }) => mustBeSigned(name) && !signed.has(name.toLowerCase()),
  );
  if (unsigned !== undefined && !presigned) {
    return refusal(
      403,
      'AccessDenied',
      `There were headers present in the request which were not signed: ${unsigned.name}`,
    );
  }
  const lines = head.headers.filter(({ name }) => signed.has(name.toLowerCase()));
  const headers = canonicalHeaders(lines);
  if (headers.names !== [...signed].toSorted().join(';')) return doesNotMatch;
  const { path, query } = splitTarget(head.target);
  const expected = sign(
    {
      method: head.method,
      path: canonicalPath(path),
      query: canonicalQuery(query, presigned ? 'X-Amz-Signature' : undefined),
      headers,
      payloadHash: parsed.payloadHash,
    },
    parsed.scope,
  );
  if (!equalSignatures(expected, parsed.signature)) return doesNotMatch;
  return {
    kind: 'verified',
    accessKey: parsed.accessKey,
    presigned,
    payloadHash: parsed.payloadHash,
    scope: parsed.scope,
    signature: parsed.signature,
  };
}

/** Compares in constant time; both are hexadecimal and of equal length unless someone tries. */
export function equalSignatures(expected: string, given: string): boolean {
  const a = Buffer.from(expected, 'latin1');
  const b = Buffer.from(given, 'latin1');
  return a.length === b.length && timingSafeEqual(a, b);
}

function mustBeSigned(name: string): boolean {
  return /^x-amz-(?!content-sha256$)/i.test(name);
}

function authorizationFields(
  authorization: string,
): { credential: string; signedHeaders: string; signature: string } | undefined {
  const match = /^AWS4-HMAC-SHA256 +(.+)$/.exec(authorization);
  if (match?.[1] === undefined) return undefined;
  const fields = new Map<string, string>();
  for (const piece of match[1].split(',')) {
    const equals = piece.indexOf('=');
    if (equals === -1) return undefined;
    fields.set(piece.slice(0, equals).trim(), piece.slice(equals + 1).trim());
  }
  const credential = fields.get('Credential');
  const signedHeaders = fields.get('SignedHeaders');
  const signature = fields.get('Signature');
  if (!credential || !signedHeaders || !signature) return undefined;
  return { credential, signedHeaders, signature };
}

/** `20130524T000000Z` in ms since the epoch, or undefined if it is not such a date. */
export function parseAmzDate(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(at) ? undefined : at;
}

function httpDate(text: string | undefined): string | undefined {
  const at = text === undefined ? Number.NaN : Date.parse(text);
  if (Number.isNaN(at)) return undefined;
  return `${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

function valueOf(headers: readonly SignatureHeader[], name: string): string | undefined {
  return headers.find((line) => line.name.toLowerCase() === name)?.value.trim();
}

/** Names in lower case; only ASCII values are of interest here. */
function queryValues(query: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const piece of canonicalQuery(query).split('&')) {
    const equals = piece.indexOf('=');
    const name = decodeLatin1(piece.slice(0, equals)).toLowerCase();
    values.set(name, decodeLatin1(piece.slice(equals + 1)));
  }
  return values;
}

function decodeLatin1(text: string): string {
  return text.replaceAll(/%([0-9A-F]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}
