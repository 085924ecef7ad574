// Tags, retention and legal hold of one version, and the few subresources that an object merely shows.

import { textOf, xmlElement } from '../s3/xml.ts';
import type { Answer } from './answer.ts';
import { emptyAnswer, xmlAnswer } from './answer.ts';
import { versionLines } from './draft.ts';
import { findBucket, findVersion } from './find.ts';
import { ownerXml } from './listing.ts';
import { checkRetention, checkRetentionChange, readHold } from './locks.ts';
import type { Bucket, ObjectVersion, StoreState } from './model.ts';
import type { StoreRequest } from './request.ts';
import { StoreError } from './store-error.ts';
import { readXml, tagSetXml, tagsOfXml } from './tags.ts';

function find(
  state: StoreState,
  request: StoreRequest,
): { bucket: Bucket; version: ObjectVersion } {
  const bucket = findBucket(state, request.bucket);
  return { bucket, version: findVersion(state, bucket, request) };
}

export function getObjectTagging(state: StoreState, request: StoreRequest): Answer {
  const { bucket, version } = find(state, request);
  return xmlAnswer('Tagging', [tagSetXml(version.tags)], versionLines(bucket, version));
}

export function putObjectTagging(state: StoreState, request: StoreRequest): Answer {
  const { bucket, version } = find(state, request);
  version.tags = tagsOfXml(request.content, 10);
  version.originTimes = { ...version.originTimes, tagging: state.now() };
  return emptyAnswer(200, versionLines(bucket, version));
}

export function deleteObjectTagging(state: StoreState, request: StoreRequest): Answer {
  const { bucket, version } = find(state, request);
  version.tags = [];
  return emptyAnswer(204, versionLines(bucket, version));
}

function checkLockEnabled(bucket: Bucket): void {
  if (bucket.lock === undefined) {
    throw new StoreError('InvalidRequest', 'Bucket is missing Object Lock Configuration');
  }
}

export function getObjectRetention(state: StoreState, request: StoreRequest): Answer {
  const { bucket, version } = find(state, request);
  checkLockEnabled(bucket);
  const { retention } = version;
  if (retention === undefined) throw new StoreError('NoSuchObjectLockConfiguration');
  return xmlAnswer('Retention', [
    xmlElement('Mode', retention.mode),
    xmlElement('RetainUntilDate', new Date(retention.until).toISOString()),
  ]);
}

export function putObjectRetention(state: StoreState, request: StoreRequest): Answer {
  const { bucket, version } = find(state, request);
  checkLockEnabled(bucket);
  const root = readXml(request.content, 'Retention');
  const mode = textOf(root, 'Mode');
  const until = textOf(root, 'RetainUntilDate');
  if ((mode === undefined) !== (until === undefined)) throw new StoreError('MalformedXML');
  const now = state.now();
  const retention =
    mode === undefined || until === undefined ? undefined : checkRetention(mode, until, now);
  const bypass = request.headers.isTrue('x-amz-bypass-governance-retention');
  checkRetentionChange(version.retention, retention, bypass, now);
  version.retention = retention;
  version.originTimes = { ...version.originTimes, retention: now };
  return emptyAnswer(200, versionLines(bucket, version));
}

export function getObjectLegalHold(state: StoreState, request: StoreRequest): Answer {
  const { bucket, version } = find(state, request);
  checkLockEnabled(bucket);
  if (version.legalHold === undefined) throw new StoreError('NoSuchObjectLockConfiguration');
  return xmlAnswer('LegalHold', [xmlElement('Status', version.legalHold ? 'ON' : 'OFF')]);
}

export function putObjectLegalHold(state: StoreState, request: StoreRequest): Answer {
  const { bucket, version } = find(state, request);
  checkLockEnabled(bucket);
  const status = textOf(readXml(request.content, 'LegalHold'), 'Status') ?? '';
  version.legalHold = readHold(status);
  version.originTimes = { ...version.originTimes, legalHold: state.now() };
  return emptyAnswer(200, versionLines(bucket, version));
}

export function getObjectAcl(state: StoreState, request: StoreRequest): Answer {
  const { bucket, version } = find(state, request);
  return xmlAnswer('AccessControlPolicy', aclXml, versionLines(bucket, version));
}

/** The owner may do everything, and nobody else anything. */
export const aclXml = [
  ownerXml,
  xmlElement('AccessControlList', [
    xmlElement('Grant', [
      {
        xml: '<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>memory</ID><DisplayName>memory</DisplayName></Grantee>',
      },
      xmlElement('Permission', 'FULL_CONTROL'),
    ]),
  ]),
];
