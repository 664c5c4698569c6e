// Validates queries of the audit log: the filters of the page, of its export and of the JSON.
import { z } from 'zod';
import { parseInput } from '../http/form.ts';
import { type EventName, events, type Weight } from './events.ts';
import type { RecordQuery } from './reader.ts';

const names = Object.keys(events) as [EventName, ...EventName[]];
const weights = ['quiet', 'change', 'alarm'] as const satisfies readonly Weight[];
const empty = z.literal('').transform(() => undefined);
/** A day or an instant, UTC. */
const instant = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?Z?)?$/)
  .refine((text) => !Number.isNaN(Date.parse(text)));

/** Unknown names (a tracking parameter) are ignored. */
const schema = z.object({
  person: z.union([empty, z.string().trim().toLowerCase().max(254)]).optional(),
  event: z.union([empty, z.enum(names)]).optional(),
  weight: z.union([empty, z.enum(weights)]).optional(),
  /** Handle of a session. */
  handle: z.union([empty, z.string().regex(/^[\w-]{8,64}$/)]).optional(),
  from: z.union([empty, instant]).optional(),
  to: z.union([empty, instant]).optional(),
  cursor: z.string().min(1).max(1000).optional(),
});

export type Asked = z.output<typeof schema>;

/** @throws HttpError bad_request */
export function readAsked(query: unknown): Asked {
  return parseInput(schema, query);
}

/** Whether any filter is set. */
export function isFiltered({ cursor: _, ...filters }: Asked): boolean {
  return Object.values(filters).some((value) => value !== undefined);
}

export function toQuery(asked: Asked): Omit<RecordQuery, 'limit'> {
  const { person, handle, from, to, ...rest } = asked;
  return {
    ...rest,
    ...(person !== undefined && { person: { email: person }, doings: true }),
    ...(handle !== undefined && { session: handle }),
    ...(from !== undefined && { from: startOf(from) }),
    ...(to !== undefined && { to: endOf(to) }),
  };
}

function startOf(text: string): number {
  return Date.parse(text.length === 10 || text.endsWith('Z') ? text : `${text}Z`);
}

/** The last millisecond of a day, a minute or a second. */
function endOf(text: string): number {
  const lengths: Record<number, number> = { 10: 86_400_000, 16: 60_000, 19: 1000 };
  return startOf(text) + (lengths[text.replace('Z', '').length] ?? 1) - 1;
}
