// Statuses as response headers (contract.md, "Headers"). Pure.

import type { StatusState, TargetStatus, VersionStatus } from '../journal/types.ts';
import type { HeadEdit, HeaderLine } from '../wire/types.ts';

export type OverallState = StatusState | 'REPLICA';

/** Over several targets: any FAILED is FAILED, else any PENDING is PENDING, else COMPLETED. */
export function overall(states: readonly StatusState[]): StatusState | undefined {
  if (states.length === 0) return undefined;
  if (states.includes('FAILED')) return 'FAILED';
  return states.includes('PENDING') ? 'PENDING' : 'COMPLETED';
}

/** The edit for an answer that is about a version with this status; `targets` are those still configured. */
export function statusEdit(
  status: VersionStatus,
  targets: ReadonlySet<string>,
): HeadEdit | undefined {
  const known = Object.entries(status.targets).filter(([name]) => targets.has(name));
  const states = known.map(([, { state }]) => state);
  const state = status.replica ? 'REPLICA' : overall(states);
  if (state === undefined) return undefined;
  const add: HeaderLine[] = [{ name: 'x-amz-replication-status', value: state }];
  if (known.length > 0) add.push({ name: 'x-replicar-targets', value: listed(known) });
  return { add, remove: replaced };
}

/** The edit for GET and HEAD of a delete marker, or of a version whose delete is under way. */
export function deletionEdit(
  status: VersionStatus,
  targets: ReadonlySet<string>,
): HeadEdit | undefined {
  const known = Object.entries(status.targets).filter(([name]) => targets.has(name));
  const add: HeaderLine[] = [];
  for (const [deletion, name] of deletionHeaders) {
    const concerned = known.filter(([, target]) => target.deletion === deletion);
    const state = overall(concerned.map(([, target]) => target.state));
    if (state !== undefined) add.push({ name, value: state });
  }
  if (add.length === 0) return undefined;
  return {
    add: [...add, { name: 'x-replicar-targets', value: listed(known) }],
    remove: [...replaced, ...deletionHeaders.map(([, name]) => name)],
  };
}

/** What is said while a change is not told yet: everything waits. */
export function pendingEdit(targets: readonly string[]): HeadEdit {
  if (targets.length === 0) return {};
  return told('PENDING', targets.map((target) => `${target}=PENDING`).join(', '));
}

/** The edit for the answer to a write that has become these tasks. */
export function statesEdit(
  tasks: readonly { readonly target: string; readonly state: StatusState }[],
): HeadEdit {
  const state = overall(tasks.map((task) => task.state));
  if (state === undefined) return {};
  return told(state, tasks.map((task) => `${task.target}=${task.state}`).join(', '));
}

function told(state: StatusState, list: string): HeadEdit {
  return {
    add: [
      { name: 'x-amz-replication-status', value: state },
      { name: 'x-replicar-targets', value: list },
    ],
    remove: replaced,
  };
}

const replaced = ['x-amz-replication-status', 'x-replicar-targets'];

const deletionHeaders = [
  ['version', 'x-minio-replication-delete-status'],
  ['marker', 'x-minio-replication-deletemarker-status'],
] as const;

function listed(targets: readonly (readonly [string, TargetStatus])[]): string {
  return targets.map(([name, { state }]) => `${name}=${state}`).join(', ');
}
