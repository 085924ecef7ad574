// A real Ceph object gateway against the suite. What `features` says of it was seen with Ceph 16.2.

import test from 'ava';
import type { Features } from '../store/conformance.ts';
import { declareConformance } from '../store/conformance.ts';
import type { Ceph } from './ceph.ts';
import { startCeph } from './ceph.ts';

const features: Features = {
  versionId: /^[A-Za-z0-9.\-_]{31,32}$/,
  trailers: false,
  chunkedWithoutLength: false,
  partNumber: false,
  markerNamed: false,
  markerVersionStatus: 404,
  checksums: false,
  markerOnNothing: true,
  dictatedVersionId: 'ignored',
  strangeVersionStatus: 404,
  matchOnNothingStatus: 412,
  quotedMatchOnPut: false,
  suspendedPutNamed: false,
  idleCopyRefused: true,
  taggingNamesVersion: false,
  partSizeMin: 5 * 1024 * 1024,
  missingVersionCode: 'NoSuchKey',
  malformedXmlNamed: false,
  copyEtagQuoted: false,
  copyConditions: false,
  completionEtag: false,
  partOrderChecked: false,
  unknownUpload: { code: 'InternalError', status: 500 },
  abortedUploadCode: 'NoSuchKey',
  chunkedEncodingDropped: false,
  currentTagsDeletable: false,
};

let ceph: Ceph | undefined;

test.before(async (t) => {
  t.timeout(180_000);
  ceph = await startCeph();
});

test.after.always(async () => {
  await ceph?.close();
});

declareConformance('ceph', async () => {
  if (ceph === undefined) throw new Error('the gateway was not started');
  return { ...ceph, features };
});
