// What those are told who wanted to write and cannot.

import { SidecarError } from '../errors.ts';

export function journalFull(cause: unknown): SidecarError {
  return new SidecarError('the journal cannot be written: the disk is full', {
    code: 'journal-full',
    retryable: true,
    hint: 'give the volume of the data folder more room; writing goes on by itself then',
    cause,
  });
}

export function journalBroken(cause: unknown): SidecarError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new SidecarError(`the journal cannot be written any more: ${reason}`, {
    code: 'journal-broken',
    retryable: false,
    hint: 'check the disk, then start again: what was promised is on disk and is recovered',
    cause,
  });
}
