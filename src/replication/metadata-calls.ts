// The calls that set tags and locks of one version at the target, each without making a new version.

import { createHash } from 'node:crypto';
import type { Tag } from '../s3/calls.ts';
import { taggingXml } from '../s3/calls.ts';
import type { HeaderPair } from '../s3/client.ts';
import { queryOf } from '../s3/path.ts';
import { escapeXml } from '../s3/xml.ts';
import type { Attempt } from './attempt.ts';
import { writeToTarget } from './attempt.ts';
import type { ObjectLock } from './object-facts.ts';

/** PutObjectTagging, or DeleteObjectTagging where there are none left. */
export async function putTags(
  attempt: Attempt,
  versionId: string | undefined,
  tags: readonly Tag[],
): Promise<void> {
  await setSubresource(attempt, {
    name: 'tagging',
    versionId,
    body: tags.length === 0 ? undefined : taggingXml(tags),
  });
}

/** PutObjectRetention and PutObjectLegalHold, as far as the source has them. */
export async function putLock(
  attempt: Attempt,
  versionId: string | undefined,
  { mode, retainUntil, legalHold }: ObjectLock,
): Promise<void> {
  if (mode !== undefined && retainUntil !== undefined && Date.parse(retainUntil) > attempt.now()) {
    const until = new Date(Date.parse(retainUntil)).toISOString();
    await setSubresource(attempt, {
      name: 'retention',
      versionId,
      body: Buffer.from(
        `<Retention xmlns="${namespace}"><Mode>${escapeXml(mode)}</Mode><RetainUntilDate>${until}</RetainUntilDate></Retention>`,
      ),
      // A shortened governance retention was allowed at the source already.
      headers: [{ name: 'x-amz-bypass-governance-retention', value: 'true' }],
    });
  }
  if (legalHold === undefined) return;
  await setSubresource(attempt, {
    name: 'legal-hold',
    versionId,
    body: Buffer.from(
      `<LegalHold xmlns="${namespace}"><Status>${escapeXml(legalHold)}</Status></LegalHold>`,
    ),
  });
}

const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';

interface Subresource {
  readonly name: 'tagging' | 'retention' | 'legal-hold';
  readonly versionId: string | undefined;
  /** Undefined: it is removed. */
  readonly body: Buffer | undefined;
  readonly headers?: readonly HeaderPair[];
}

async function setSubresource(
  attempt: Attempt,
  { name, versionId, body, headers = [] }: Subresource,
): Promise<void> {
  await writeToTarget(attempt, {
    method: body === undefined ? 'DELETE' : 'PUT',
    query: queryOf({ [name]: true, versionId }),
    headers: body === undefined ? headers : [...headers, contentMd5(body)],
    ...(body === undefined ? {} : { body }),
  });
}

function contentMd5(body: Buffer): HeaderPair {
  return { name: 'content-md5', value: createHash('md5').update(body).digest('base64') };
}
