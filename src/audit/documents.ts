// Generates the table of events in docs/record.md.
import { type EventName, events } from './events.ts';

const markers = { start: '<!-- events:start -->', end: '<!-- events:end -->' } as const;
const weights = { quiet: '', change: 'change', alarm: 'alarm' } as const;

/** The document by its path from the project root. @param page its current text; empty or without its two markers: no document */
export function recordDocument(page = ''): (readonly [path: string, text: string])[] {
  const start = page.indexOf(markers.start);
  const end = page.indexOf(markers.end, start);
  if (start < 0 || end < 0) return [];
  const text = `${page.slice(0, start + markers.start.length)}\n${eventsTable()}\n${page.slice(end)}`;
  return [['docs/record.md', text]];
}

function eventsTable(): string {
  const rows = (Object.keys(events) as EventName[]).map((name) => {
    const { weight, about, own }: { weight: keyof typeof weights; about: string; own?: string } =
      events[name];
    return `| \`${name}\` | ${weights[weight]} | ${about} | ${own ?? ''} |`;
  });
  return ['| event | weight | what happened | what the person reads |', '|---|---|---|---|', ...rows].join(
    '\n',
  );
}
