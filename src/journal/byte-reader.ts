// Reads LevelDB's variable-length numbers. Throws a RangeError beyond the end.

export class ByteReader {
  at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes.readUInt8(this.at++);
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  /** Goes past a string that has its length before it. */
  skip(): void {
    const length = this.varint();
    this.at += length;
  }
}
