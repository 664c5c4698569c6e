// Where a page of a list ended: a sort value and a key, as one opaque string. Keyset pagination costs the same on every page.

export interface Position {
  readonly value: string | number;
  readonly key: string;
}

export function writeCursor(position: Position): string {
  return Buffer.from(JSON.stringify([position.value, position.key])).toString('base64url');
}

/** @throws RangeError if `text` is not a cursor, or its value is not a `type`. */
export function readCursor(text: string, type: 'string' | 'number'): Position {
  try {
    const [value, key, ...rest] = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown[];
    if (typeof value === type && typeof key === 'string' && rest.length === 0) {
      return { value: value as string | number, key };
    }
  } catch {
    // Falls through: not a cursor.
  }
  throw new RangeError('not a cursor');
}
