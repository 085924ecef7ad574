// GET and HEAD of an object under a rule: the answer says how its replication stands.

import type { Journal, VersionStatus } from '../journal/types.ts';
import { header } from '../wire/fields.ts';
import type { AnswerPlan, HeadEdit, ResponseHead } from '../wire/types.ts';
import type { Settling } from './settling.ts';
import { deletionEdit, statusEdit } from './status-headers.ts';

export interface ReadName {
  readonly bucket: string;
  readonly key: string;
  /** As the request names it. */
  readonly versionId?: string;
}

export interface ReadOptions {
  readonly journal: Pick<Journal, 'status'>;
  readonly settling: Settling;
  /** Names of the targets that are configured now. */
  readonly targets: ReadonlySet<string>;
}

export async function planRead(
  head: ResponseHead,
  name: ReadName,
  { journal, settling, targets }: ReadOptions,
): Promise<AnswerPlan> {
  const versionId = header(head.headers, 'x-amz-version-id') ?? name.versionId ?? 'null';
  await settling.of(name.bucket, name.key);
  const status = await journal.status({ bucket: name.bucket, key: name.key, versionId });
  const edit = status === undefined ? undefined : editOf(head, { status, versionId, targets });
  return edit === undefined ? { kind: 'relay' } : { kind: 'relay', edit };
}

function editOf(
  head: ResponseHead,
  about: { status: VersionStatus; versionId: string; targets: ReadonlySet<string> },
): HeadEdit | undefined {
  if (head.status === 404 || head.status === 405) return deletionEdit(about.status, about.targets);
  if (head.status !== 200 && head.status !== 206 && head.status !== 304) return undefined;
  const etag = header(head.headers, 'etag')?.replaceAll('"', '');
  // Under the null version's id there may be other content by now.
  const isOther = about.versionId === 'null' && about.status.etag !== etag;
  return isOther ? undefined : statusEdit(about.status, about.targets);
}
