// Replicates one task: brings to the target what the change is about, and says how it ended. Whatever goes wrong is
// thrown, and judged in failure.ts.

import type { ChangeKind } from '../journal/types.ts';
import type { Attempt, Outcome } from './attempt.ts';
import { sendDelete, sendVersionDelete } from './send-delete.ts';
import { sendMarker } from './send-marker.ts';
import { sendMetadata } from './send-metadata.ts';
import { sendObject } from './send-object.ts';

const ways: Readonly<Record<ChangeKind, (attempt: Attempt) => Promise<Outcome>>> = {
  object: sendObject,
  marker: sendMarker,
  'version-delete': sendVersionDelete,
  delete: sendDelete,
  metadata: sendMetadata,
};

export function replicate(attempt: Attempt): Promise<Outcome> {
  return ways[attempt.task.change.kind](attempt);
}
