// The addresses that an allow-list admits, as the access page reads it; none if the text cannot be read.
import { entries } from '../../src/access/list.ts';

export function admits(text: string): ReadonlySet<string> {
  const read = entries(text);
  return new Set(read.kind === 'broken' ? [] : read.entries.map(({ email }) => email));
}
