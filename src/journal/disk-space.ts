// How much room the disk has, and the ballast that is thrown off when it has none: LevelDB cannot be opened again
// on a full disk, so the end is met before it comes. New work is refused first; what drains the queue goes on.

import { randomBytes } from 'node:crypto';
import { open, readdir, stat, statfs, unlink } from 'node:fs/promises';
import { join } from 'node:path';

export interface Space {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** `tight`: no new work. `none`: nothing at all. */
export type Room = 'ample' | 'tight' | 'none';

export interface DiskSpaceOptions {
  readonly dataDir: string;
  readonly ballastBytes?: number | undefined;
  readonly reserveBytes?: number | undefined;
  readonly measure?: ((folder: string) => Promise<Space>) | undefined;
}

/** An age of a measurement that is still good enough where little was written since. */
const freshMs = 200;

export class DiskSpace {
  readonly reserveBytes: number;
  readonly #dataDir: string;
  readonly #measure: (folder: string) => Promise<Space>;
  readonly #ballastBytes: number;
  readonly #closing = new AbortController();
  #space: Space;
  #measuredAt = 0;
  #writtenSince = 0;
  #sizeBytes = 0;
  #filling: Promise<void> | undefined;

  private constructor(options: DiskSpaceOptions, space: Space) {
    this.#dataDir = options.dataDir;
    this.#measure = options.measure ?? measureVolume;
    this.#space = space;
    this.#ballastBytes = options.ballastBytes ?? scaled(space.totalBytes, 0.01);
    this.reserveBytes = options.reserveBytes ?? scaled(space.totalBytes, 0.02);
  }

  static async open(options: DiskSpaceOptions): Promise<DiskSpace> {
    const space = await (options.measure ?? measureVolume)(options.dataDir);
    return new DiskSpace(options, space);
  }

  get freeBytes(): number {
    return this.#space.freeBytes;
  }

  get totalBytes(): number {
    return this.#space.totalBytes;
  }

  /** What the journal takes, as last measured. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  wrote(bytes: number): void {
    this.#writtenSince += bytes;
  }

  /** What may be written now; measures only if the last time is too long or too many bytes ago. */
  async room(): Promise<Room> {
    const isFresh = performance.now() - this.#measuredAt < freshMs;
    if (!isFresh || this.#writtenSince > this.reserveBytes / 8) await this.measure();
    return this.lastRoom;
  }

  get lastRoom(): Room {
    if (this.freeBytes >= this.reserveBytes) return 'ample';
    return this.freeBytes >= this.reserveBytes / 4 ? 'tight' : 'none';
  }

  async measure(): Promise<void> {
    this.#writtenSince = 0;
    this.#measuredAt = performance.now();
    this.#space = await this.#measure(this.#dataDir);
  }

  async measureSize(): Promise<void> {
    this.#sizeBytes = await sizeOf(join(this.#dataDir, 'journal'));
  }

  async releaseBallast(): Promise<void> {
    await this.#stopFilling();
    await unlink(this.#ballastPath).catch(() => undefined);
    await this.measure();
  }

  /** Builds the ballast where there is room for it twice, in the background. */
  keepBallast(): void {
    if (this.#filling !== undefined || this.#closing.signal.aborted) return;
    this.#filling = this.#fillBallast()
      .catch(() => unlink(this.#ballastPath).catch(() => undefined))
      .finally(() => {
        this.#filling = undefined;
      });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#filling;
  }

  get #ballastPath(): string {
    return join(this.#dataDir, 'ballast');
  }

  #fillStop = new AbortController();

  async #stopFilling(): Promise<void> {
    this.#fillStop.abort();
    await this.#filling;
    this.#fillStop = new AbortController();
  }

  async #fillBallast(): Promise<void> {
    const present = await stat(this.#ballastPath).catch(() => undefined);
    const missing = this.#ballastBytes - (present?.size ?? 0);
    if (missing <= 0) return;
    await this.measure();
    if (this.freeBytes < this.reserveBytes + 2 * missing) return;
    // Not zeros, and not one block again and again: a file system might store those as nothing.
    const block = randomBytes(2 ** 20);
    const file = await open(this.#ballastPath, 'a', 0o600);
    try {
      for (let left = missing; left > 0; left -= block.length) {
        if (this.#closing.signal.aborted || this.#fillStop.signal.aborted) return;
        block.writeUInt32LE(left, 0);
        // oxlint-disable-next-line no-await-in-loop -- one block after the other, so that it can be stopped
        await file.write(block.subarray(0, Math.min(left, block.length)));
      }
      await file.datasync();
    } finally {
      await file.close();
    }
  }
}

/** A share of the volume within bounds that leave even a small one usable: 64 MiB at most. */
function scaled(totalBytes: number, share: number): number {
  const floor = Math.min(totalBytes / 8, 8 * 2 ** 20);
  return Math.floor(Math.min(64 * 2 ** 20, Math.max(totalBytes * share, floor)));
}

export async function measureVolume(folder: string): Promise<Space> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder).catch((): string[] => []);
  // A compaction may take a file away meanwhile.
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
