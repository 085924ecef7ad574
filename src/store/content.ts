// The bytes of an object: pieces as they came, never joined unless somebody asks for it.

import { createHash, hash } from 'node:crypto';

export class Content {
  readonly pieces: readonly Buffer[];
  readonly size: number;

  constructor(pieces: readonly Buffer[]) {
    this.pieces = pieces;
    let size = 0;
    for (const piece of pieces) size += piece.length;
    this.size = size;
  }

  /** The bytes from `start` up to, not including, `end`. */
  slice(start: number, end: number): Content {
    if (start === 0 && end === this.size) return this;
    const pieces: Buffer[] = [];
    let at = 0;
    for (const piece of this.pieces) {
      const from = Math.max(start - at, 0);
      const to = Math.min(end - at, piece.length);
      if (from < to) pieces.push(piece.subarray(from, to));
      at += piece.length;
      if (at >= end) break;
    }
    return new Content(pieces);
  }

  bytes(): Buffer {
    const [first] = this.pieces;
    if (this.pieces.length === 1 && first !== undefined) return first;
    return Buffer.concat(this.pieces);
  }
}

export function joinContents(contents: readonly Content[]): Content {
  return new Content(contents.flatMap((content) => content.pieces));
}

export function contentHash(
  content: Content,
  algorithm: 'md5' | 'sha256',
  encoding: 'hex' | 'base64',
): string {
  const [first] = content.pieces;
  if (content.pieces.length === 1 && first !== undefined) return hash(algorithm, first, encoding);
  const running = createHash(algorithm);
  for (const piece of content.pieces) running.update(piece);
  return running.digest(encoding);
}
