// Every operation of the store by AWS's name. All of them run to their end without waiting, so each is atomic.

import type { Answer } from './answer.ts';
import {
  absent,
  createBucket,
  deleteBucket,
  deleteBucketTagging,
  empty,
  getBucketAcl,
  getBucketLocation,
  getBucketRequestPayment,
  getBucketTagging,
  getBucketVersioning,
  getObjectLockConfiguration,
  headBucket,
  listBuckets,
  putBucketTagging,
  putBucketVersioning,
  putObjectLockConfiguration,
} from './buckets.ts';
import { deleteObject, deleteObjects } from './delete-object.ts';
import { listObjects, listObjectsV2, listObjectVersions } from './listing.ts';
import type { StoreState } from './model.ts';
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  uploadPart,
  uploadPartCopy,
} from './multipart.ts';
import { listMultipartUploads, listParts } from './multipart-listing.ts';
import {
  deleteObjectTagging,
  getObjectAcl,
  getObjectLegalHold,
  getObjectRetention,
  getObjectTagging,
  putObjectLegalHold,
  putObjectRetention,
  putObjectTagging,
} from './object-metadata.ts';
import { readObject } from './read-object.ts';
import type { StoreRequest } from './request.ts';
import { copyObject, putObject } from './write-object.ts';

export type Operation = (state: StoreState, request: StoreRequest) => Answer;

/** PostObject is not among them: it brings its own signature, see post-object.ts. */
export const operations: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['AbortMultipartUpload', abortMultipartUpload],
  ['CompleteMultipartUpload', completeMultipartUpload],
  ['CopyObject', copyObject],
  ['CreateBucket', createBucket],
  ['CreateMultipartUpload', createMultipartUpload],
  ['DeleteBucket', deleteBucket],
  ['DeleteBucketTagging', deleteBucketTagging],
  ['DeleteObject', deleteObject],
  ['DeleteObjects', deleteObjects],
  ['DeleteObjectTagging', deleteObjectTagging],
  ['GetBucketAccelerateConfiguration', empty('AccelerateConfiguration')],
  ['GetBucketAcl', getBucketAcl],
  ['GetBucketCors', absent('NoSuchCORSConfiguration')],
  ['GetBucketEncryption', absent('ServerSideEncryptionConfigurationNotFoundError')],
  ['GetBucketLifecycleConfiguration', absent('NoSuchLifecycleConfiguration')],
  ['GetBucketLocation', getBucketLocation],
  ['GetBucketLogging', empty('BucketLoggingStatus')],
  ['GetBucketNotificationConfiguration', empty('NotificationConfiguration')],
  ['GetBucketOwnershipControls', absent('OwnershipControlsNotFoundError')],
  ['GetBucketPolicy', absent('NoSuchBucketPolicy')],
  ['GetBucketPolicyStatus', absent('NoSuchBucketPolicy')],
  ['GetBucketReplication', absent('ReplicationConfigurationNotFoundError')],
  ['GetBucketRequestPayment', getBucketRequestPayment],
  ['GetBucketTagging', getBucketTagging],
  ['GetBucketVersioning', getBucketVersioning],
  ['GetBucketWebsite', absent('NoSuchWebsiteConfiguration')],
  ['GetObject', readObject],
  ['GetObjectAcl', getObjectAcl],
  ['GetObjectLegalHold', getObjectLegalHold],
  ['GetObjectLockConfiguration', getObjectLockConfiguration],
  ['GetObjectRetention', getObjectRetention],
  ['GetObjectTagging', getObjectTagging],
  ['GetPublicAccessBlock', absent('NoSuchPublicAccessBlockConfiguration')],
  ['HeadBucket', headBucket],
  ['HeadObject', readObject],
  ['ListBuckets', listBuckets],
  ['ListMultipartUploads', listMultipartUploads],
  ['ListObjects', listObjects],
  ['ListObjectsV2', listObjectsV2],
  ['ListObjectVersions', listObjectVersions],
  ['ListParts', listParts],
  ['PutBucketTagging', putBucketTagging],
  ['PutBucketVersioning', putBucketVersioning],
  ['PutObject', putObject],
  ['PutObjectLegalHold', putObjectLegalHold],
  ['PutObjectLockConfiguration', putObjectLockConfiguration],
  ['PutObjectRetention', putObjectRetention],
  ['PutObjectTagging', putObjectTagging],
  ['UploadPart', uploadPart],
  ['UploadPartCopy', uploadPartCopy],
]);
