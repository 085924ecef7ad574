// A lane: all tasks of one (target, bucket, key), in order, one of them ready or at rest. It is a list on disk
// without a scan: the lane's record names count, head and tail, and each task but the tail has a row that names
// the next. Only the writer changes lanes, so no wake-up is lost.

import { laneKey, nextKey, readyKey } from './keys.ts';
import type { Transaction } from './transaction.ts';
import type { Change, TaskClass } from './types.ts';

export interface Place {
  readonly target: number;
  readonly class: TaskClass;
  readonly sequence: number;
}

export const laneOf = (target: number, change: Change): string =>
  laneKey(target, change.bucket, change.key);

/** What must be read before a task may leave its lane. */
export function keysToLeave(place: Place, change: Change): readonly string[] {
  const { target, sequence } = place;
  return [
    laneOf(target, change),
    nextKey(target, sequence),
    readyKey(target, place.class, sequence),
  ];
}

/** Puts a new task at the end of the lane with this key. Returns whether it is the head, and so ready. */
export function append(transaction: Transaction, place: Place, key: string): boolean {
  const { target, sequence } = place;
  const lane = decodeLane(transaction.get(key));
  if (lane === undefined) {
    transaction.put(key, encodeLane({ count: 1, head: sequence, tail: sequence }));
    transaction.insert(readyKey(target, place.class, sequence), '');
    return true;
  }
  transaction.put(key, encodeLane({ ...lane, count: lane.count + 1, tail: sequence }));
  const next = `${sequence},${place.class === 'live' ? 'l' : 'b'}`;
  transaction.insert(nextKey(target, lane.tail), next);
  return false;
}

/** Takes the head away. Returns the next one, which is ready now. */
export function leave(transaction: Transaction, place: Place, change: Change): Place | undefined {
  const { target, sequence } = place;
  const key = laneOf(target, change);
  const lane = decodeLane(transaction.get(key));
  transaction.delete(readyKey(target, place.class, sequence));
  if (lane === undefined || lane.head !== sequence) {
    transaction.missing(key);
    return undefined;
  }
  if (lane.count === 1) {
    transaction.delete(key);
    return undefined;
  }
  const next = decodeNext(target, transaction.get(nextKey(target, sequence)));
  if (next === undefined) {
    transaction.missing(nextKey(target, sequence));
    return undefined;
  }
  transaction.delete(nextKey(target, sequence));
  transaction.put(key, encodeLane({ ...lane, count: lane.count - 1, head: next.sequence }));
  transaction.insert(readyKey(target, next.class, next.sequence), '');
  return next;
}

/** The head of a lane, by its record. */
export function headOf(payload: string | undefined): number | undefined {
  return decodeLane(payload)?.head;
}

interface Lane {
  readonly count: number;
  readonly head: number;
  readonly tail: number;
}

/** Most lanes hold one task: they are written as one number. */
function encodeLane({ count, head, tail }: Lane): string {
  return count === 1 ? `${head}` : `${head},${tail},${count}`;
}

function decodeLane(payload: string | undefined): Lane | undefined {
  if (payload === undefined) return undefined;
  const [head = 0, tail = head, count = 1] = payload.split(',').map(Number);
  return { head, tail, count };
}

function decodeNext(target: number, payload: string | undefined): Place | undefined {
  if (payload === undefined) return undefined;
  const [sequence, letter] = payload.split(',');
  return { target, sequence: Number(sequence), class: letter === 'b' ? 'background' : 'live' };
}
