// Buckets and their settings; and the right "not found" for the settings that clients ask for and the store never has.

import { textOf, xmlElement } from '../s3/xml.ts';
import type { Answer } from './answer.ts';
import { emptyAnswer, xmlAnswer } from './answer.ts';
import { findBucket } from './find.ts';
import { Keyspace } from './keyspace.ts';
import { listedTime, ownerXml } from './listing.ts';
import { lockConfigurationXml, readLockConfiguration } from './locks.ts';
import type { Bucket, StoreState } from './model.ts';
import { aclXml } from './object-metadata.ts';
import type { StoreRequest } from './request.ts';
import type { StoreErrorCode } from './store-error.ts';
import { StoreError } from './store-error.ts';
import { readXml, tagSetXml, tagsOfXml } from './tags.ts';

export function listBuckets(state: StoreState): Answer {
  const buckets = [...state.buckets.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return xmlAnswer('ListAllMyBucketsResult', [
    ownerXml,
    xmlElement(
      'Buckets',
      buckets.map(({ name, createdAt }) =>
        xmlElement('Bucket', [
          xmlElement('Name', name),
          xmlElement('CreationDate', listedTime(state, createdAt)),
        ]),
      ),
    ),
  ]);
}

export function addBucket(state: StoreState, name: string): Bucket {
  const bucket: Bucket = {
    name,
    createdAt: state.now(),
    versioning: 'off',
    lock: undefined,
    tags: [],
    keys: new Keyspace(state.manner),
    uploads: new Map(),
  };
  state.buckets.set(name, bucket);
  return bucket;
}

export function createBucket(state: StoreState, request: StoreRequest): Answer {
  const { bucket: name, headers, content } = request;
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) throw new StoreError('InvalidBucketName');
  // Read for its form alone: whatever region it names, the bucket is here.
  if (content.size > 0) readXml(content, 'CreateBucketConfiguration');
  if (state.buckets.has(name)) throw new StoreError('BucketAlreadyOwnedByYou');
  const bucket = addBucket(state, name);
  if (headers.isTrue('x-amz-bucket-object-lock-enabled')) {
    bucket.versioning = 'enabled';
    bucket.lock = { default: undefined };
  }
  return emptyAnswer(200, [['Location', `/${name}`]]);
}

export function headBucket(state: StoreState, request: StoreRequest): Answer {
  findBucket(state, request.bucket);
  return emptyAnswer(200, [['x-amz-bucket-region', state.region]]);
}

export function deleteBucket(state: StoreState, request: StoreRequest): Answer {
  const bucket = findBucket(state, request.bucket);
  if (bucket.keys.size > 0) {
    throw new StoreError(
      'BucketNotEmpty',
      bucket.versioning === 'off'
        ? undefined
        : 'The bucket you tried to delete is not empty. You must delete all versions in the bucket.',
    );
  }
  state.buckets.delete(bucket.name);
  return emptyAnswer(204);
}

export function getBucketLocation(state: StoreState, request: StoreRequest): Answer {
  findBucket(state, request.bucket);
  const { region } = state;
  const answer = xmlAnswer('LocationConstraint', []);
  if (region === 'us-east-1') return answer;
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${region}</LocationConstraint>`;
  return { ...answer, body };
}

export function getBucketVersioning(state: StoreState, request: StoreRequest): Answer {
  const { versioning } = findBucket(state, request.bucket);
  if (versioning === 'off') return xmlAnswer('VersioningConfiguration', []);
  const status = versioning === 'enabled' ? 'Enabled' : 'Suspended';
  return xmlAnswer('VersioningConfiguration', [xmlElement('Status', status)]);
}

export function putBucketVersioning(state: StoreState, request: StoreRequest): Answer {
  const bucket = findBucket(state, request.bucket);
  const status = textOf(readXml(request.content, 'VersioningConfiguration'), 'Status');
  if (status !== 'Enabled' && status !== 'Suspended') throw new StoreError('MalformedXML');
  if (status === 'Suspended' && bucket.lock !== undefined) {
    throw new StoreError(
      'InvalidBucketState',
      'An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.',
    );
  }
  bucket.versioning = status === 'Enabled' ? 'enabled' : 'suspended';
  return emptyAnswer(200);
}

export function getObjectLockConfiguration(state: StoreState, request: StoreRequest): Answer {
  const { lock } = findBucket(state, request.bucket);
  if (lock === undefined) throw new StoreError('ObjectLockConfigurationNotFoundError');
  return xmlAnswer('ObjectLockConfiguration', lockConfigurationXml(lock.default));
}

export function putObjectLockConfiguration(state: StoreState, request: StoreRequest): Answer {
  const bucket = findBucket(state, request.bucket);
  const rule = readLockConfiguration(readXml(request.content, 'ObjectLockConfiguration'));
  if (bucket.versioning !== 'enabled') {
    throw new StoreError(
      'InvalidBucketState',
      "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
    );
  }
  bucket.lock = { default: rule };
  return emptyAnswer(200);
}

export function getBucketTagging(state: StoreState, request: StoreRequest): Answer {
  const { tags } = findBucket(state, request.bucket);
  if (tags.length === 0) throw new StoreError('NoSuchTagSet');
  return xmlAnswer('Tagging', [tagSetXml(tags)]);
}

export function putBucketTagging(state: StoreState, request: StoreRequest): Answer {
  findBucket(state, request.bucket).tags = tagsOfXml(request.content, 50);
  return emptyAnswer(204);
}

export function deleteBucketTagging(state: StoreState, request: StoreRequest): Answer {
  findBucket(state, request.bucket).tags = [];
  return emptyAnswer(204);
}

export function getBucketAcl(state: StoreState, request: StoreRequest): Answer {
  findBucket(state, request.bucket);
  return xmlAnswer('AccessControlPolicy', aclXml);
}

/** A setting that the store never has: its own "not found". */
export function absent(code: StoreErrorCode) {
  return (state: StoreState, request: StoreRequest): Answer => {
    findBucket(state, request.bucket);
    throw new StoreError(code);
  };
}

/** A setting that is always there, and always empty. */
export function empty(root: string) {
  return (state: StoreState, request: StoreRequest): Answer => {
    findBucket(state, request.bucket);
    return xmlAnswer(root, []);
  };
}

export function getBucketRequestPayment(state: StoreState, request: StoreRequest): Answer {
  findBucket(state, request.bucket);
  return xmlAnswer('RequestPaymentConfiguration', [xmlElement('Payer', 'BucketOwner')]);
}
