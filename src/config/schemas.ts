// Schemas that several groups of settings share: they turn the text of a variable into a checked value.
import { z } from 'zod';
import { parseDuration } from './duration.ts';

/** How many former secrets a list of fallbacks may hold. */
export const maxFallbacks = 10;

export const flag = z.stringbool({ truthy: ['true', '1', 'yes', 'on'], falsy: ['false', '0', 'no', 'off'] });

export function wholeNumber(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
    .refine((n) => n >= min && n <= max, message);
}

export const port = wholeNumber(0, 65_535);
export const days = wholeNumber(1, 3650);

/** Strings separated by commas. */
export const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
);

/** A list of former secrets, each of which `one` accepts. */
export function fallbacks(one: z.ZodType<string, string>) {
  return list.pipe(z.array(one).max(maxFallbacks, `holds more than ${maxFallbacks}; remove the last ones`));
}

/** In milliseconds. */
export const duration = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms === undefined) context.addIssue('must be seconds (`604800`) or a duration like `168h` or `1h30m`');
  return ms ?? z.NEVER;
});

export const cookieName = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'must be letters, digits, `_`, `.` or `-`');

export const httpUrl = z.url({ protocol: /^https?$/, message: 'must be a URL' });
