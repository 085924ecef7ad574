// The body of a request on its way from the client: first, where it was asked for, held in memory, then passed on.

import { type BodyReader, type BodySink, bodyReader } from './body.ts';
import type { HeldBytes } from './held-bytes.ts';
import { Input } from './input.ts';
import type { WireRequest } from './request.ts';
import type { HeldBody, Interception } from './types.ts';

/** What goes on at once, so that no single write of many MiB hides whether anything moves. */
const PIECE_MAX = 64 * 1024;
/** Chunk framing may be longer than what it frames, but not without end. */
const FRAMING_SLACK = 64 * 1024;

export class Upload implements BodySink {
  readonly reader: BodyReader;
  readonly #held: HeldBytes;
  readonly #chunked: boolean;
  #hold: Interception['holdBody'];
  /** The content of what is held. Without chunks it is the raw bytes too, and those are kept once. */
  readonly #content = new Input();
  #pieces: Buffer[] = [];
  #rawBytes = 0;
  /** How many of them the shared budget has counted. */
  #counted = 0;
  #leaveLine: (() => void) | undefined;

  constructor(request: WireRequest, hold: Interception['holdBody'], held: HeldBytes) {
    this.reader = bodyReader(request.framing);
    this.reader.payloadWanted = hold !== undefined;
    this.#chunked = request.framing.kind === 'chunked';
    this.#hold = hold;
    this.#held = held;
  }

  get holding(): boolean {
    return this.#hold !== undefined;
  }

  get waitsForRoom(): boolean {
    return this.#leaveLine !== undefined;
  }

  raw(bytes: Buffer): void {
    if (this.#hold === undefined || this.#chunked) this.#pieces.push(bytes);
    if (this.#hold !== undefined) this.#rawBytes += bytes.length;
  }

  payload(bytes: Buffer): void {
    this.#content.push(bytes);
  }

  /** Counts what was held since; false if there is no room yet, and `resume` is called when there is. */
  count(resume: () => void): boolean {
    const bytes = this.#rawBytes - this.#counted;
    const counted = (): void => {
      this.#leaveLine = undefined;
      this.#counted += bytes;
    };
    if (bytes > 0 && !this.#held.take(bytes)) {
      this.#leaveLine = this.#held.wait(bytes, () => {
        counted();
        resume();
      });
      return false;
    }
    counted();
    return true;
  }

  /** Whether all was read that the interceptor wants to see. */
  get heldEnough(): boolean {
    const hold = this.#hold;
    if (hold === undefined) return false;
    const { bytes } = this.#content;
    return (
      this.reader.ended ||
      bytes.length >= hold.bytesMax ||
      this.#rawBytes >= 2 * hold.bytesMax + FRAMING_SLACK ||
      hold.enough(bytes)
    );
  }

  /** Ends the holding: what was held is shown, and passes on next. */
  show(): HeldBody {
    const { bytes } = this.#content;
    if (!this.#chunked) this.#pieces = slices(bytes);
    this.#content.clear();
    this.#hold = undefined;
    this.reader.payloadWanted = false;
    return { bytes, ended: this.reader.ended };
  }

  /** What may go on now. */
  takePieces(): Buffer[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }

  /** Gives back what the shared budget has counted, and the place in its line. */
  giveBack(): void {
    this.#leaveLine?.();
    this.#leaveLine = undefined;
    if (this.#counted > 0) this.#held.give(this.#counted);
    this.#counted = 0;
    this.#rawBytes = 0;
  }
}

function slices(bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += PIECE_MAX) {
    pieces.push(bytes.subarray(at, at + PIECE_MAX));
  }
  return pieces;
}
