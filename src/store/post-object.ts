// The POST form upload: a signed policy, its conditions, and the object that the form describes.

import type { VerifyOptions } from '../s3/sigv4-verify.ts';
import { verifyPolicy } from '../s3/sigv4-verify.ts';
import { xmlElement } from '../s3/xml.ts';
import type { Answer } from './answer.ts';
import { emptyAnswer, headerText, xmlAnswer } from './answer.ts';
import { Content } from './content.ts';
import { commitVersion, readDraft, versionLines } from './draft.ts';
import { findBucket } from './find.ts';
import type { FormData } from './form-data.ts';
import { parseForm } from './form-data.ts';
import type { Bucket, ObjectVersion, StoreState, Tag } from './model.ts';
import type { StoreRequest } from './request.ts';
import { Headers } from './request.ts';
import { isStoreErrorCode, StoreError } from './store-error.ts';
import { tagsOfXml } from './tags.ts';

export function postObject(
  state: StoreState,
  request: StoreRequest,
  verify: VerifyOptions,
): Answer {
  const bucket = findBucket(state, request.bucket);
  const form = parseForm(request.content, request.headers.get('content-type') ?? '');
  const keyField = form.fields.get('key');
  if (keyField === undefined || keyField === '') {
    throw new StoreError(
      'InvalidArgument',
      "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.",
    );
  }
  checkSignature(form, verify);
  checkPolicy(form, bucket, state.now());
  // Only the last path component of what the browser said counts.
  const fileName = form.fileName.replace(/^.*[\\/]/, '');
  const key = keyField.replaceAll('${filename}', () => fileName);
  const draft = {
    ...readDraft(state, bucket, { ...request, key, headers: formHeaders(form) }),
    tags: formTags(form),
  };
  const version = commitVersion(state, bucket, key, {
    draft,
    bytes: { content: new Content([form.file]), checksum: undefined },
  });
  return formAnswer(form, bucket, version);
}

function checkSignature(form: FormData, verify: VerifyOptions): void {
  const read = (name: string): string => form.fields.get(name) ?? '';
  const policy = read('policy');
  if (policy === '') throw new StoreError('AccessDenied');
  if (read('x-amz-algorithm') !== 'AWS4-HMAC-SHA256') {
    throw new StoreError('InvalidArgument', 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"');
  }
  const verdict = verifyPolicy(
    {
      policy,
      credential: read('x-amz-credential'),
      date: read('x-amz-date'),
      signature: read('x-amz-signature'),
    },
    verify,
  );
  if (verdict.kind === 'verified') return;
  const code = isStoreErrorCode(verdict.code) ? verdict.code : 'AccessDenied';
  throw new StoreError(code, verdict.message);
}

/** Fields that need no condition in the policy. */
const freeFields: ReadonlySet<string> = new Set([
  'policy',
  'x-amz-signature',
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-security-token',
  'file',
]);

function checkPolicy(form: FormData, bucket: Bucket, now: number): void {
  const policy = readPolicy(form.fields.get('policy') ?? '');
  const expires = Date.parse(policy.expiration);
  if (Number.isNaN(expires)) throw new StoreError('InvalidPolicyDocument');
  if (expires <= now) {
    throw new StoreError('AccessDenied', 'Invalid according to Policy: Policy expired.');
  }
  const covered = new Set<string>();
  for (const condition of policy.conditions) {
    const { field, holds } = readCondition(condition, form, bucket);
    covered.add(field);
    if (!holds) {
      throw new StoreError(
        'AccessDenied',
        `Invalid according to Policy: Policy Condition failed: ${JSON.stringify(condition)}`,
      );
    }
  }
  for (const name of form.fields.keys()) {
    if (!covered.has(name) && !freeFields.has(name) && !name.startsWith('x-ignore-')) {
      throw new StoreError(
        'AccessDenied',
        `Invalid according to Policy: Extra input fields: ${name}`,
      );
    }
  }
}

interface Policy {
  readonly expiration: string;
  readonly conditions: readonly unknown[];
}

function readPolicy(base64: string): Policy {
  try {
    const policy: unknown = JSON.parse(Buffer.from(base64, 'base64').toString());
    if (typeof policy === 'object' && policy !== null && 'expiration' in policy) {
      const conditions: unknown = 'conditions' in policy ? policy.conditions : undefined;
      if (typeof policy.expiration === 'string' && Array.isArray(conditions)) {
        return { expiration: policy.expiration, conditions };
      }
    }
  } catch {
    // Not JSON: the same refusal as JSON of another shape.
  }
  throw new StoreError('InvalidPolicyDocument', 'Invalid Policy: Invalid JSON.');
}

/** `{"field": "value"}`, `["eq", "$field", "value"]`, `["starts-with", …]` or `["content-length-range", min, max]`. */
function readCondition(
  condition: unknown,
  form: FormData,
  bucket: Bucket,
): { field: string; holds: boolean } {
  const valueOf = (field: string): string =>
    field === 'bucket' ? bucket.name : (form.fields.get(field) ?? '');
  if (Array.isArray(condition)) {
    const [operator, first, second]: readonly unknown[] = condition;
    if (operator === 'content-length-range') {
      const size = form.file.length;
      if (size > Number(second)) throw new StoreError('EntityTooLarge');
      if (size < Number(first)) throw new StoreError('EntityTooSmall');
      return { field: 'file', holds: true };
    }
    const field = String(first).replace(/^\$/, '').toLowerCase();
    const text = String(second);
    if (operator === 'eq') return { field, holds: valueOf(field) === text };
    if (operator === 'starts-with') return { field, holds: valueOf(field).startsWith(text) };
  } else if (typeof condition === 'object' && condition !== null) {
    const [entry] = Object.entries(condition);
    if (entry !== undefined) {
      const field = entry[0].toLowerCase();
      return { field, holds: valueOf(field) === String(entry[1]) };
    }
  }
  throw new StoreError('InvalidPolicyDocument', 'Invalid Policy: Invalid condition.');
}

/** The form's fields in the place of headers; metadata as the bytes of UTF-8. */
function formHeaders(form: FormData): Headers {
  const raw: string[] = [];
  for (const [name, value] of form.fields) raw.push(name, headerText(value));
  return new Headers(raw);
}

function formTags(form: FormData): readonly Tag[] {
  const xml = form.fields.get('tagging');
  return xml === undefined ? [] : tagsOfXml(new Content([Buffer.from(xml)]), 10);
}

function formAnswer(form: FormData, bucket: Bucket, version: ObjectVersion): Answer {
  const etag = `"${version.etag}"`;
  const location = `/${bucket.name}/${encodeURIComponent(version.key).replaceAll('%2F', '/')}`;
  const lines = [['ETag', etag], ['Location', location], ...versionLines(bucket, version)] as const;
  const redirect = form.fields.get('success_action_redirect') ?? form.fields.get('redirect');
  if (redirect !== undefined && /^https?:\/\//i.test(redirect)) {
    const query = new URLSearchParams({ bucket: bucket.name, key: version.key, etag });
    const target = `${redirect}${redirect.includes('?') ? '&' : '?'}${query.toString()}`;
    return emptyAnswer(303, [
      ['ETag', etag],
      ['Location', headerText(target)],
      ...versionLines(bucket, version),
    ]);
  }
  const status = form.fields.get('success_action_status');
  if (status === '201') {
    const answer = xmlAnswer(
      'PostResponse',
      [
        xmlElement('Location', location),
        xmlElement('Bucket', bucket.name),
        xmlElement('Key', version.key),
        xmlElement('ETag', etag),
      ],
      lines,
    );
    return { ...answer, status: 201 };
  }
  return emptyAnswer(status === '200' ? 200 : 204, lines);
}
