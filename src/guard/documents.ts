// Generates the table of presets in docs/guard.md.
import type { AppHeaders } from './contract.ts';
import { presets } from './presets.ts';

const markers = { start: '<!-- presets:start -->', end: '<!-- presets:end -->' } as const;

/** The document by its path from the project root. @param page its current text; empty or without its two markers: no document */
export function guardDocument(page = ''): (readonly [path: string, text: string])[] {
  const start = page.indexOf(markers.start);
  const end = page.indexOf(markers.end, start);
  if (start < 0 || end < 0) return [];
  const text = `${page.slice(0, start + markers.start.length)}\n${presetsTable()}\n${page.slice(end)}`;
  return [['docs/guard.md', text]];
}

function presetsTable(): string {
  const rows = [...presets].map(
    ([name, { headers, setup }]) => `| \`${name}\` | ${headersCell(headers)} | ${setup} |`,
  );
  return ['| preset | the app is told | in the app |', '|---|---|---|', ...rows].join('\n');
}

function headersCell({ user, email, groups, assertion, userIs }: AppHeaders): string {
  const userWords = { email: 'the address', name: 'the part before the `@`', id: 'the id' }[userIs];
  const told = [
    user && `\`${user}\`: ${userWords}`,
    email && `\`${email}\`: the address`,
    groups && `\`${groups}\`: the groups`,
    assertion && `\`${assertion}\`: the assertion`,
  ].filter((cell) => cell !== undefined);
  return told.join(', ') || 'nothing';
}
