// Marks: buckets that must be gone over as a whole. Kept under target and bucket, so that marking twice is one mark.

import { markKey } from './keys.ts';
import { parsePayload } from './record.ts';
import type { Targets } from './targets.ts';
import type { Transaction } from './transaction.ts';
import type { Mark } from './types.ts';

interface StoredMark {
  readonly reason: string;
  readonly at: number;
  /** Made because of a damage: the journal counts as damaged until it is gone. */
  readonly damage?: true;
}

export function putMark(
  transaction: Transaction,
  targets: Targets,
  mark: Mark,
  isDamage: boolean,
): void {
  const { reason, at } = mark;
  const stored: StoredMark = { reason, at, ...(isDamage && { damage: true }) };
  transaction.put(markKeyOf(targets, mark), JSON.stringify(stored));
}

export function markKeyOf(
  targets: Targets,
  { target, bucket }: { readonly target: string; readonly bucket: string },
): string {
  return markKey(targets.get(target).number, bucket);
}

export function parseMark(payload: string): StoredMark {
  return parsePayload<StoredMark>(payload);
}
