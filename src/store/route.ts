// Which of AWS's operations a request is, from its method, its place and its query.

import type { Headers, RequestHead } from './request.ts';

type Routed = Pick<RequestHead, 'method' | 'headers' | 'query' | 'bucket' | 'key'>;

/** Query names that pick an operation, tried in order; the first that is there decides. */
type Table = Readonly<Record<string, readonly (readonly [query: string, operation: string])[]>>;

const bucketTable: Table = {
  GET: [
    ['location', 'GetBucketLocation'],
    ['versioning', 'GetBucketVersioning'],
    ['versions', 'ListObjectVersions'],
    ['uploads', 'ListMultipartUploads'],
    ['object-lock', 'GetObjectLockConfiguration'],
    ['tagging', 'GetBucketTagging'],
    ['acl', 'GetBucketAcl'],
    ['policy', 'GetBucketPolicy'],
    ['policyStatus', 'GetBucketPolicyStatus'],
    ['lifecycle', 'GetBucketLifecycleConfiguration'],
    ['cors', 'GetBucketCors'],
    ['website', 'GetBucketWebsite'],
    ['encryption', 'GetBucketEncryption'],
    ['replication', 'GetBucketReplication'],
    ['publicAccessBlock', 'GetPublicAccessBlock'],
    ['ownershipControls', 'GetBucketOwnershipControls'],
    ['logging', 'GetBucketLogging'],
    ['notification', 'GetBucketNotificationConfiguration'],
    ['requestPayment', 'GetBucketRequestPayment'],
    ['accelerate', 'GetBucketAccelerateConfiguration'],
  ],
  PUT: [
    ['versioning', 'PutBucketVersioning'],
    ['object-lock', 'PutObjectLockConfiguration'],
    ['tagging', 'PutBucketTagging'],
  ],
  DELETE: [['tagging', 'DeleteBucketTagging']],
  POST: [['delete', 'DeleteObjects']],
};

const objectTable: Table = {
  GET: [
    ['uploadId', 'ListParts'],
    ['tagging', 'GetObjectTagging'],
    ['retention', 'GetObjectRetention'],
    ['legal-hold', 'GetObjectLegalHold'],
    ['acl', 'GetObjectAcl'],
  ],
  PUT: [
    ['uploadId', 'UploadPart'],
    ['tagging', 'PutObjectTagging'],
    ['retention', 'PutObjectRetention'],
    ['legal-hold', 'PutObjectLegalHold'],
  ],
  DELETE: [
    ['uploadId', 'AbortMultipartUpload'],
    ['tagging', 'DeleteObjectTagging'],
  ],
  POST: [
    ['uploads', 'CreateMultipartUpload'],
    ['uploadId', 'CompleteMultipartUpload'],
  ],
};

/** S3's subresources that the store does not have: never to be taken for the plain operation. */
const otherSubresources = [
  'accelerate',
  'acl',
  'analytics',
  'attributes',
  'cors',
  'delete',
  'encryption',
  'intelligent-tiering',
  'inventory',
  'legal-hold',
  'lifecycle',
  'location',
  'logging',
  'metrics',
  'notification',
  'object-lock',
  'ownershipControls',
  'policy',
  'policyStatus',
  'publicAccessBlock',
  'replication',
  'requestPayment',
  'restore',
  'retention',
  'select',
  'tagging',
  'torrent',
  'uploads',
  'versioning',
  'versions',
  'website',
];

export function route(request: Routed): string {
  const { method, query, bucket, key } = request;
  if (bucket === '') return method === 'GET' ? 'ListBuckets' : 'Unknown';
  if (bucket === 'minio' && key === 'health/live') return 'Health';
  const table = key === '' ? bucketTable : objectTable;
  if (query.size > 0) {
    const entry = table[method]?.find(([name]) => query.has(name));
    if (entry !== undefined) return withCopySource(entry[1], request.headers);
    if (otherSubresources.some((name) => query.has(name))) return 'Unknown';
  }
  return key === '' ? plainBucket(request) : plainObject(request);
}

function plainBucket({ method, query, headers }: Routed): string {
  switch (method) {
    case 'GET':
      return query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects';
    case 'HEAD':
      return 'HeadBucket';
    case 'PUT':
      return 'CreateBucket';
    case 'DELETE':
      return 'DeleteBucket';
    case 'POST':
      return /^multipart\/form-data/i.test(headers.get('content-type') ?? '')
        ? 'PostObject'
        : 'Unknown';
    default:
      return 'Unknown';
  }
}

function plainObject({ method, headers }: Routed): string {
  switch (method) {
    case 'GET':
      return 'GetObject';
    case 'HEAD':
      return 'HeadObject';
    case 'PUT':
      return withCopySource('PutObject', headers);
    case 'DELETE':
      return 'DeleteObject';
    default:
      return 'Unknown';
  }
}

function withCopySource(operation: string, headers: Headers): string {
  if (headers.get('x-amz-copy-source') === undefined) return operation;
  if (operation === 'PutObject') return 'CopyObject';
  return operation === 'UploadPart' ? 'UploadPartCopy' : operation;
}
