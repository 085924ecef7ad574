// From a request to what its intent must say: which keys it may change, for which targets. Most requests say it in
// their head; DeleteObjects, completions and form uploads only in their body, which is held back and read for that.

import type { IntentKey } from '../journal/types.ts';
import type { RuleSet } from '../replication/rules.ts';
import { AwsChunkedDecoder } from '../s3/aws-chunked.ts';
import { listParts } from '../s3/calls.ts';
import type { RequestFacts } from '../s3/classify.ts';
import type { S3Client } from '../s3/client.ts';
import type { ObjectName } from '../s3/messages.ts';
import { parseCompleteRequest, parseDeleteRequest } from '../s3/messages.ts';
import { keyOfForm } from '../s3/post-form.ts';
import { header } from '../wire/fields.ts';
import type { HeldBody, Interception, RequestHead } from '../wire/types.ts';

const bodyBytesMax = 8 * 1024 * 1024;
const formBytesMax = 1024 * 1024;
const listPartsTimeoutMs = 10_000;

/** How much of the body must be read before the keys are known; undefined: nothing of it. */
export function bodyToHold(head: RequestHead, facts: RequestFacts): Interception['holdBody'] {
  if (facts.operation === 'DeleteObjects' || facts.operation === 'CompleteMultipartUpload') {
    return { bytesMax: bodyBytesMax, enough: () => false };
  }
  if (facts.operation !== 'PostObject') return undefined;
  const contentType = header(head.headers, 'content-type') ?? '';
  return {
    bytesMax: formBytesMax,
    enough: (prefix) => keyOfForm(contentType, prefix).kind !== 'incomplete',
  };
}

export interface Learnt {
  /** Empty: it cannot be told which keys the request changes, only that it may change the bucket. */
  readonly keys: readonly IntentKey[];
  readonly partSizes?: readonly number[];
}

export interface LearnOptions {
  readonly bucket: string;
  readonly rules: RuleSet;
  readonly source: S3Client;
}

/** What the intent must say; undefined where no rule wants any key of the request. */
export async function learn(
  { head, facts, held }: { head: RequestHead; facts: RequestFacts; held: HeldBody | undefined },
  options: LearnOptions,
): Promise<Learnt | undefined> {
  const names = namesOf(head, facts, held);
  if (names === undefined) return { keys: [] };
  const keys: IntentKey[] = [];
  for (const name of names) {
    const targets = targetsOf(name.key, options);
    if (targets.length > 0) keys.push(intentKeyOf(name, targets));
  }
  if (keys.length === 0) return undefined;
  if (facts.operation !== 'CompleteMultipartUpload') return { keys };
  const partSizes = await partSizesOf({ head, facts, held }, options);
  return partSizes === undefined ? { keys } : { keys, partSizes };
}

/** Written out: a spread would give each object of this hot path a shape of its own. */
function intentKeyOf({ key, versionId }: ObjectName, targets: readonly string[]): IntentKey {
  return versionId === undefined ? { key, targets } : { key, versionId, targets };
}

function targetsOf(key: string, { bucket, rules }: LearnOptions): readonly string[] {
  return rules.targetsFor(bucket, key).map(({ target }) => target);
}

/** Undefined where the keys cannot be read. */
function namesOf(
  head: RequestHead,
  facts: RequestFacts,
  held: HeldBody | undefined,
): readonly ObjectName[] | undefined {
  if (facts.operation === 'DeleteObjects') return deleteNames(head, held);
  if (facts.operation === 'PostObject') {
    const contentType = header(head.headers, 'content-type') ?? '';
    const form = keyOfForm(contentType, held?.bytes ?? Buffer.alloc(0));
    return form.kind === 'key' ? [{ key: form.key }] : undefined;
  }
  if (facts.key === undefined) return undefined;
  const { key, versionId } = facts;
  const isRemovalOrMetadata = facts.operation !== 'PutObject' && versionId !== undefined;
  return [isRemovalOrMetadata ? { key, versionId } : { key }];
}

function deleteNames(
  head: RequestHead,
  held: HeldBody | undefined,
): readonly ObjectName[] | undefined {
  const bytes = payloadOf(head, held);
  if (bytes === undefined) return undefined;
  try {
    return parseDeleteRequest(bytes).objects;
  } catch {
    return undefined;
  }
}

/** The body's payload, aws-chunked coding removed; undefined where it was not held to its end. */
function payloadOf(head: RequestHead, held: HeldBody | undefined): Buffer | undefined {
  if (held === undefined || !held.ended) return undefined;
  const coded =
    (header(head.headers, 'x-amz-content-sha256') ?? '').startsWith('STREAMING-') ||
    /\baws-chunked\b/i.test(header(head.headers, 'content-encoding') ?? '');
  if (!coded) return held.bytes;
  try {
    const decoder = new AwsChunkedDecoder({ trailers: true });
    const payload = decoder.write(held.bytes);
    decoder.end();
    return Buffer.concat(payload);
  } catch {
    return undefined;
  }
}

/**
 * The sizes of the parts that a completion names: asked before it is released, because not every store tells
 * them afterwards. Where the source does not say (another owner's upload), the completion goes on without.
 */
async function partSizesOf(
  { head, facts, held }: { head: RequestHead; facts: RequestFacts; held: HeldBody | undefined },
  { bucket, source }: LearnOptions,
): Promise<readonly number[] | undefined> {
  const { key, uploadId } = facts;
  const bytes = payloadOf(head, held);
  if (bytes === undefined || key === undefined || uploadId === undefined) return undefined;
  try {
    const numbers = parseCompleteRequest(bytes);
    const signal = AbortSignal.timeout(listPartsTimeoutMs);
    const parts = await listParts(source, { bucket, key, uploadId, signal });
    const sizes = new Map(parts.map((part) => [part.number, part.size]));
    const named = numbers.map((number) => sizes.get(number));
    return named.every((size) => size !== undefined) ? named : undefined;
  } catch {
    return undefined;
  }
}
