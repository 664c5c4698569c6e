// Reads a few fields of one MessagePack map and skips the rest. Bounded in depth and size; never throws, whatever the input.

/** The content of a wanted field. Everything else in the map is skipped without being copied. */
export type Field =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'instant'; readonly at: number };

const maxDepth = 16;

/** Only thrown and caught inside this file. */
class Malformed extends Error {}

/** @returns undefined unless `packed` is exactly one map with distinct string keys and the wanted fields have the right types */
export function readFields(
  packed: Buffer,
  wanted: ReadonlySet<string>,
): ReadonlyMap<string, Field> | undefined {
  try {
    const reader = new Reader(packed);
    const fields = new Map<string, Field>();
    const seen = new Set<string>();
    for (let left = reader.mapSize(); left > 0; left--) {
      const key = reader.field();
      if (key.kind !== 'text' || seen.has(key.text)) return undefined;
      seen.add(key.text);
      if (wanted.has(key.text)) fields.set(key.text, reader.field());
      else reader.skip(0);
    }
    return reader.atEnd() ? fields : undefined;
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  mapSize(): number {
    const tag = this.#uint(1);
    if ((tag & 0xf0) === 0x80) return tag & 0x0f;
    if (tag === 0xde) return this.#uint(2);
    if (tag === 0xdf) return this.#uint(4);
    throw new Malformed();
  }

  /** A string, bytes or a timestamp (extension -1). */
  field(): Field {
    const tag = this.#uint(1);
    if ((tag & 0xe0) === 0xa0) return this.#text(tag & 0x1f);
    switch (tag) {
      case 0xd9:
        return this.#text(this.#uint(1));
      case 0xda:
        return this.#text(this.#uint(2));
      case 0xdb:
        return this.#text(this.#uint(4));
      case 0xc4:
        return { kind: 'bytes', bytes: this.#take(this.#uint(1)) };
      case 0xd6:
        return this.#instant(4);
      case 0xd7:
        return this.#instant(8);
      case 0xc7:
        return this.#instant(this.#uint(1));
      default:
        throw new Malformed();
    }
  }

  skip(depth: number): void {
    if (depth > maxDepth) throw new Malformed();
    const tag = this.#uint(1);
    const [parts, bytes] = this.#sizeOf(tag);
    this.#take(bytes);
    for (let left = parts; left > 0; left--) this.skip(depth + 1);
  }

  /** How many values and how many bytes follow a tag, from the table of the MessagePack specification. */
  #sizeOf(tag: number): readonly [parts: number, bytes: number] {
    if (tag <= 0x7f || tag >= 0xe0 || tag === 0xc0 || tag === 0xc2 || tag === 0xc3) return [0, 0];
    if (tag <= 0x8f) return [2 * (tag & 0x0f), 0];
    if (tag <= 0x9f) return [tag & 0x0f, 0];
    if (tag <= 0xbf) return [0, tag & 0x1f];
    const fixed = fixedSizes[tag];
    if (fixed !== undefined) return [0, fixed];
    const counted = countedSizes[tag];
    if (counted !== undefined) return [0, this.#uint(counted[0]) + counted[1]];
    if (tag === 0xdc || tag === 0xdd) return [this.#uint(tag === 0xdc ? 2 : 4), 0];
    if (tag === 0xde || tag === 0xdf) return [2 * this.#uint(tag === 0xde ? 2 : 4), 0];
    throw new Malformed();
  }

  #text(length: number): Field {
    const bytes = this.#take(length);
    const text = bytes.toString('utf8');
    if (!Buffer.from(text, 'utf8').equals(bytes)) throw new Malformed();
    return { kind: 'text', text };
  }

  /** Seconds and nanoseconds (MessagePack specification, timestamp 32, 64 and 96). */
  #instant(length: number): Field {
    const [type, data] = [this.#take(1)[0], this.#take(length)];
    if (type !== 0xff) throw new Malformed();
    if (length === 4) return { kind: 'instant', at: data.readUInt32BE(0) * 1000 };
    if (length === 8) {
      const both = data.readBigUInt64BE(0);
      return toInstant(Number(both & 0x3_ffff_ffffn), Number(both >> 34n));
    }
    if (length === 12) return toInstant(Number(data.readBigInt64BE(4)), data.readUInt32BE(0));
    throw new Malformed();
  }

  #uint(length: 1 | 2 | 4): number {
    return this.#take(length).readUIntBE(0, length);
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new Malformed();
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}

function toInstant(seconds: number, nanoseconds: number): Field {
  const at = seconds * 1000 + Math.floor(nanoseconds / 1e6);
  if (nanoseconds > 999_999_999 || !Number.isSafeInteger(at)) throw new Malformed();
  return { kind: 'instant', at };
}

/** Numbers and small extensions: the number of bytes after the tag. */
const fixedSizes: Readonly<Record<number, number>> = {
  ...{ 202: 4, 203: 8, 204: 1, 205: 2, 206: 4, 207: 8, 208: 1, 209: 2, 210: 4, 211: 8 },
  ...{ 212: 2, 213: 3, 214: 5, 215: 9, 216: 17 },
};

/** Bytes, extensions, strings: the width of their length field, and what else precedes the content. */
const countedSizes: Readonly<Record<number, readonly [1 | 2 | 4, number]>> = {
  ...{ 196: [1, 0], 197: [2, 0], 198: [4, 0], 199: [1, 1], 200: [2, 1], 201: [4, 1] },
  ...{ 217: [1, 0], 218: [2, 0], 219: [4, 0] },
};
