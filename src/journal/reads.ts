// The reads that go past the writer: what was committed, a page at a time. A damaged record is reported and left out.

import { decodeIntent } from './intent-record.ts';
import {
  after,
  intentKey,
  type Kind,
  numberOf,
  sequenceAt,
  statusesOf,
  targetAt,
  taskKey,
  versionIdAt,
} from './keys.ts';
import { parseMark } from './marks.ts';
import { type Memory, pageOfFailures } from './memory.ts';
import { decodeRecord } from './record.ts';
import { decodeStatus, type StatusRecord, toVersionStatus } from './status-record.ts';
import type { Row } from './storage.ts';
import type { StorageSlot } from './storage-slot.ts';
import { decodeTask, toTask } from './task-record.ts';
import type { FailedTask, Intent, Mark, VersionStatus } from './types.ts';

const pageRows = 500;

export class Reads {
  readonly #slot: StorageSlot;
  readonly #memory: Memory;
  readonly #damaged: (key: string) => void;

  constructor(slot: StorageSlot, memory: Memory, damaged: (key: string) => void) {
    this.#slot = slot;
    this.#memory = memory;
    this.#damaged = damaged;
  }

  async openIntents(afterId: number, limit: number): Promise<readonly Intent[]> {
    const range = { after: intentKey(afterId), before: after('i'), limit };
    const rows = await this.#slot.use((storage) => storage.page(range));
    return this.#decoded(rows, (key, payload) => decodeIntent(numberOf(key.slice(1)), payload));
  }

  async status(key: string): Promise<StatusRecord | undefined> {
    const frame = await this.#slot.use((storage) => storage.get(key));
    if (frame === undefined) return undefined;
    const payload = decodeRecord(key, frame);
    if (payload !== undefined) return decodeStatus(payload, this.#memory.targets.isCurrent);
    this.#damaged(key);
    return undefined;
  }

  async statusesOf(
    bucket: string,
    name: string,
  ): Promise<readonly { versionId: string; status: VersionStatus }[]> {
    const prefix = statusesOf(bucket, name);
    const { isCurrent, nameOf } = this.#memory.targets;
    const statuses = await this.#all(prefix, (key, payload) => ({
      versionId: versionIdAt(key, prefix),
      status: toVersionStatus(decodeStatus(payload, isCurrent), nameOf),
    }));
    return statuses.flatMap(({ versionId, status }) =>
      status === undefined ? [] : [{ versionId, status }],
    );
  }

  async failures(
    name: string,
    { after: from, limit }: { after?: string; limit: number },
  ): Promise<{ tasks: readonly FailedTask[]; next?: string }> {
    const target = this.#memory.targets.get(name);
    return this.#slot.use(async (storage) => {
      const rows = await pageOfFailures(storage, target.number, Number(from ?? 0), limit);
      const keys = rows.map(([key]) => taskKey(target.number, sequenceAt(key)));
      const frames = keys.length === 0 ? [] : await storage.getMany(keys);
      // A task may have ended between the two reads.
      const present = keys.flatMap((key, index): Row[] => {
        const frame = frames[index];
        return frame === undefined ? [] : [[key, frame]];
      });
      const tasks = this.#decoded(present, (key, payload) => {
        const record = decodeTask(payload);
        return { ...toTask(record, sequenceAt(key), target), dueAt: record.dueAt ?? 0 };
      });
      const last = rows.at(-1);
      if (last === undefined || rows.length < limit) return { tasks };
      return { tasks, next: String(sequenceAt(last[0])) };
    });
  }

  marks(): Promise<Mark[]> {
    return this.#all('m', (key, payload) => {
      const { reason, at } = parseMark(payload);
      const target = this.#memory.targets.byNumber(targetAt(key))?.name ?? '';
      return { bucket: key.slice(3), target, reason, at };
    });
  }

  async hasDamageMarks(): Promise<boolean> {
    const damages = await this.#all('m', (_, payload) => parseMark(payload).damage === true);
    return damages.includes(true);
  }

  async pausedTargets(): Promise<readonly string[]> {
    const kind: Kind = 'p';
    const names = await this.#all(
      kind,
      (key) => this.#memory.targets.byNumber(targetAt(key))?.name,
    );
    return names.filter((name) => name !== undefined);
  }

  async #all<T>(prefix: string, decode: (key: string, payload: string) => T): Promise<T[]> {
    const all: T[] = [];
    let from = prefix;
    for (;;) {
      const range = { after: from, before: after(prefix), limit: pageRows };
      // oxlint-disable-next-line no-await-in-loop -- page after page
      const rows = await this.#slot.use((storage) => storage.page(range));
      all.push(...this.#decoded(rows, decode));
      const last = rows.at(-1);
      if (last === undefined || rows.length < pageRows) return all;
      from = last[0];
    }
  }

  #decoded<T>(rows: readonly Row[], decode: (key: string, payload: string) => T): T[] {
    return rows.flatMap(([key, value]) => {
      const payload = decodeRecord(key, value);
      if (payload !== undefined) return [decode(key, payload)];
      this.#damaged(key);
      return [];
    });
  }
}
