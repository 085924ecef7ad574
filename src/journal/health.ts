// The journal's health, for a person. A full disk is told first: it stops new writes.

import type { DamageNote } from './damage.ts';
import type { DiskSpace } from './disk-space.ts';
import type { JournalHealth } from './types.ts';

export function healthOf(
  { freeBytes, sizeBytes, lastRoom }: DiskSpace,
  isSuspended: boolean,
  note: DamageNote | undefined,
): JournalHealth {
  if (isSuspended || lastRoom !== 'ample') {
    const reason = 'the disk is full: new writes are refused until there is room';
    return { state: 'full', reason, sizeBytes, freeBytes };
  }
  if (note === undefined) return { state: 'ok', sizeBytes, freeBytes };
  const reason = `records were lost (${note.reason}); the buckets concerned are marked for a resync`;
  return { state: 'damaged', reason, sizeBytes, freeBytes };
}
