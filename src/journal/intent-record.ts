// How an intent is written down.

import { parsePayload } from './record.ts';
import { type PackedSizes, packSizes, unpackSizes } from './task-record.ts';
import type { Intent, IntentDraft } from './types.ts';

export function encodeIntent(draft: IntentDraft, asked: number, askAt: number): string {
  const rare: Rare = {};
  if (draft.partSizes !== undefined) rare.p = packSizes(draft.partSizes);
  if (draft.uploadId !== undefined) rare.u = draft.uploadId;
  if (asked > 0) rare.n = asked;
  if (askAt !== draft.openedAt) rare.a = askAt;
  const keys = draft.keys.map(({ key, versionId, targets }) =>
    versionId === undefined ? [key, targets] : [key, targets, versionId],
  );
  return JSON.stringify([draft.operation, draft.bucket, draft.openedAt, keys, rare]);
}

export function decodeIntent(id: number, payload: string): Intent {
  const [operation, bucket, openedAt, keys, rare] = parsePayload<Stored>(payload);
  return {
    id,
    operation,
    bucket,
    openedAt,
    asked: rare.n ?? 0,
    askAt: rare.a ?? openedAt,
    keys: keys.map(([key, targets, versionId]) =>
      versionId === undefined ? { key, targets } : { key, targets, versionId },
    ),
    ...(rare.p !== undefined && { partSizes: unpackSizes(rare.p) }),
    ...(rare.u !== undefined && { uploadId: rare.u }),
  };
}

type Stored = [
  string,
  string,
  number,
  readonly (readonly [string, readonly string[], string?])[],
  Rare,
];

interface Rare {
  p?: PackedSizes;
  u?: string;
  n?: number;
  a?: number;
}
