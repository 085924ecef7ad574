// What happens to a request, decided on its head: it passes, its answer shows statuses, or it is captured.

import type { RuleSet } from '../replication/rules.ts';
import type { Operation, RequestFacts } from '../s3/classify.ts';
import { classify, strangeHostLabel } from '../s3/classify.ts';
import { header } from '../wire/fields.ts';
import type { ExchangeEnd, Interception, Interceptor, RequestHead } from '../wire/types.ts';
import type { CaptureParts } from './capture.ts';
import { Capture } from './capture.ts';
import { planRead } from './read-status.ts';

export interface RequestReport {
  readonly operation: Operation;
  readonly facts: RequestFacts;
  readonly head: RequestHead;
  readonly end: ExchangeEnd;
  readonly seconds: number;
}

export interface ProxyParts extends CaptureParts {
  readonly domains: readonly string[];
  /** Names of the targets that are configured now. */
  readonly targets: ReadonlySet<string>;
  onEnd(report: RequestReport): void;
  /** A request that looks virtual-host style for a bucket with rules, and is not replicated. */
  onStrangeHost(host: string): void;
}

export function createInterceptor(parts: ProxyParts): Interceptor {
  return (head) => {
    const host = header(head.headers, 'host') ?? '';
    const facts = classify(
      {
        method: head.method,
        target: head.target,
        host,
        header: (name) => header(head.headers, name),
      },
      parts.domains,
    );
    const onEnd = reporter(head, facts, parts);
    const { bucket } = facts;
    warnOfStrangeHost(host, parts);
    if (bucket === undefined || !parts.rules.mayMatchBucket(bucket)) return { end: onEnd };
    if (facts.operation === 'GetObject' || facts.operation === 'HeadObject') {
      return readInterception({ ...facts, bucket }, onEnd, parts);
    }
    if (isCaptured(head, { ...facts, bucket }, parts.rules)) {
      return new Capture({ head, facts: { ...facts, bucket }, onEnd }, parts);
    }
    if (facts.operation !== 'OtherWrite') return { end: onEnd };
    return {
      end(end) {
        // It may have been PutBucketVersioning.
        parts.sourceFacts.forgetVersioning(bucket);
        onEnd(end);
      },
    };
  };
}

function reporter(
  head: RequestHead,
  facts: RequestFacts,
  parts: ProxyParts,
): (end: ExchangeEnd) => void {
  const startedAt = performance.now();
  return (end) => {
    const seconds = (performance.now() - startedAt) / 1000;
    parts.onEnd({ operation: facts.operation, facts, head, end, seconds });
  };
}

function readInterception(
  facts: RequestFacts & { readonly bucket: string },
  onEnd: (end: ExchangeEnd) => void,
  parts: ProxyParts,
): Interception {
  const { bucket, key, versionId } = facts;
  if (key === undefined || parts.rules.targetsFor(bucket, key).length === 0) return { end: onEnd };
  const name = versionId === undefined ? { bucket, key } : { bucket, key, versionId };
  return { answer: (head) => planRead(head, name, parts), end: onEnd };
}

const captured: ReadonlySet<Operation> = new Set<Operation>([
  'PutObject',
  'CopyObject',
  'CompleteMultipartUpload',
  'PostObject',
  'DeleteObject',
  'DeleteObjects',
  'PutObjectTagging',
  'DeleteObjectTagging',
  'PutObjectRetention',
  'PutObjectLegalHold',
  'UnknownWrite',
]);

function isCaptured(
  head: RequestHead,
  facts: RequestFacts & { readonly bucket: string },
  rules: RuleSet,
): boolean {
  if (!captured.has(facts.operation)) return false;
  // MinIO's prefix delete is not replicated by MinIO either.
  if (header(head.headers, 'x-minio-force-delete') === 'true') return false;
  return facts.key === undefined || rules.targetsFor(facts.bucket, facts.key).length > 0;
}

function warnOfStrangeHost(host: string, parts: ProxyParts): void {
  const label = strangeHostLabel(host, parts.domains);
  if (label !== undefined && parts.rules.namesBucket(label)) parts.onStrangeHost(host);
}
