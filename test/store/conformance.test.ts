// The embedded store in both manners against the suite that a real store passes too.

import { MemoryStore } from '../../src/store/memory-store.ts';
import type { Manner } from '../../src/store/model.ts';
import type { Features } from './conformance.ts';
import { declareConformance } from './conformance.ts';

const common = {
  trailers: true,
  chunkedWithoutLength: true,
  partNumber: true,
  markerNamed: true,
  markerVersionStatus: 405,
  checksums: true,
  strangeVersionStatus: 400,
  matchOnNothingStatus: 404,
  quotedMatchOnPut: true,
  suspendedPutNamed: true,
  idleCopyRefused: true,
  taggingNamesVersion: true,
  partSizeMin: 0,
  missingVersionCode: 'NoSuchVersion',
  malformedXmlNamed: true,
  copyEtagQuoted: true,
  copyConditions: true,
  completionEtag: true,
  partOrderChecked: true,
  unknownUpload: { code: 'NoSuchUpload', status: 404 },
  abortedUploadCode: 'NoSuchUpload',
  chunkedEncodingDropped: true,
  currentTagsDeletable: true,
} as const;

const features: Readonly<Record<Manner, Features>> = {
  s3: {
    ...common,
    versionId: /^[A-Za-z0-9._]{32}$/,
    markerOnNothing: true,
    dictatedVersionId: 'refused',
  },
  minio: {
    ...common,
    versionId: /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/,
    markerOnNothing: false,
    dictatedVersionId: 'obeyed',
  },
};

for (const manner of ['s3', 'minio'] as const) {
  declareConformance(manner, async (t) => {
    const credentials = { accessKey: 'key', secretKey: 'secret' };
    const store = new MemoryStore({ manner, credentials });
    const { url } = await store.start();
    t.teardown(() => store.close());
    return { url, credentials, region: 'us-east-1', features: features[manner] };
  });
}
