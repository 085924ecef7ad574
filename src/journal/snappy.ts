// Snappy's raw format, the one that LevelDB's blocks are in: https://github.com/google/snappy/blob/main/format_description.txt

/** Larger than any block of a table of ours. */
const bytesMax = 16 * 2 ** 20;

/** Throws a RangeError on what is not Snappy. */
export function decompress(input: Buffer): Buffer {
  let at = 0;
  let length = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = input.readUInt8(at++);
    length += (byte & 127) * factor;
    if (byte < 128) break;
  }
  if (length > bytesMax) throw new RangeError('too long a block');
  const output = Buffer.alloc(length);
  let written = 0;
  while (at < input.length) {
    const tag = input.readUInt8(at++);
    const element = (tag & 3) === 0 ? literalAt(input, at, tag) : copyAt(input, at, tag);
    at = element.next;
    if (written + element.length > length) throw new RangeError('more than the block holds');
    if (element.offset === 0) {
      input.copy(output, written, at - element.length, at);
    } else {
      if (element.offset > written) throw new RangeError('a copy from before the block');
      // Byte by byte: a copy may run into what it writes.
      for (let count = 0; count < element.length; count++) {
        output[written + count] = output.readUInt8(written + count - element.offset);
      }
    }
    written += element.length;
  }
  if (written !== length) throw new RangeError('less than the block holds');
  return output;
}

interface Element {
  readonly length: number;
  /** How far back a copy begins; 0 for a literal, which lies right before `next`. */
  readonly offset: number;
  readonly next: number;
}

function literalAt(input: Buffer, at: number, tag: number): Element {
  const short = tag >> 2;
  const extra = short < 60 ? 0 : short - 59;
  const length = (extra === 0 ? short : input.readUIntLE(at, extra)) + 1;
  const next = at + extra + length;
  if (next > input.length) throw new RangeError('a literal beyond the end');
  return { length, offset: 0, next };
}

function copyAt(input: Buffer, at: number, tag: number): Element {
  const kind = tag & 3;
  if (kind === 1) {
    const offset = ((tag >> 5) << 8) + input.readUInt8(at);
    return checked({ length: ((tag >> 2) & 7) + 4, offset, next: at + 1 });
  }
  const bytes = kind === 2 ? 2 : 4;
  const offset = input.readUIntLE(at, bytes);
  return checked({ length: (tag >> 2) + 1, offset, next: at + bytes });
}

function checked(element: Element): Element {
  if (element.offset === 0) throw new RangeError('a copy of nothing');
  return element;
}
