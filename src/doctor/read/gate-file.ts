// Reads oauth2-proxy.cfg (TOML) and converts its values as oauth2-proxy does.
import { parse, TomlError } from 'smol-toml';
import { kindOf } from './gate-options.ts';

export type GateValue = string | boolean | number | readonly string[];

export interface GateFile {
  /** By name in lower case, as oauth2-proxy compares them. */
  readonly values: ReadonlyMap<string, GateValue>;
  /** Names that oauth2-proxy does not know, or whose value has a type that it does not accept: it refuses the whole file. */
  readonly refused: readonly string[];
}

/** Why the file cannot be parsed; the line is counted from 1. */
export interface BrokenGateFile {
  readonly brokenAt: number;
  readonly why: string;
}

export function readGateFile(text: string): GateFile | BrokenGateFile {
  const source = text.replace(/^\uFEFF/, '');
  let table: Record<string, unknown>;
  try {
    table = parse(source);
  } catch (error) {
    if (error instanceof TomlError) return { brokenAt: error.line, why: 'is not valid TOML' };
    throw error;
  }
  const values = new Map<string, GateValue>();
  const refused: string[] = [];
  for (const [key, raw] of Object.entries(table)) {
    // The lines below a table header are not settings either.
    if (isTable(raw)) return { brokenAt: lineOf(key, source), why: 'is a table, which oauth2-proxy refuses' };
    const name = key.toLowerCase();
    const value = kindOf(name) === undefined ? undefined : decode(name, raw);
    // If two names differ only in case, oauth2-proxy uses an arbitrary one.
    if (value === undefined || values.has(name)) refused.push(`${key} (line ${lineOf(key, source)})`);
    else values.set(name, value);
  }
  return { values, refused };
}

function isTable(raw: unknown): boolean {
  const [first = raw] = Array.isArray(raw) ? raw : [];
  return typeof first === 'object' && first !== null && !Array.isArray(first) && !(first instanceof Date);
}

/** Go's ParseBool. */
const goBoolean = /^(?:1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/;

/** Converts a value to the type of its setting, as viper and mapstructure do; undefined: they refuse it. */
export function decode(name: string, raw: unknown): GateValue | undefined {
  switch (kindOf(name)) {
    case 'switch':
      if (typeof raw === 'string') return raw === '' || goBoolean.test(raw) ? /^[1tT]/.test(raw) : undefined;
      return typeof raw === 'number' ? raw !== 0 : asBoolean(raw);
    case 'list':
      if (Array.isArray(raw)) {
        const texts = raw.map(asText);
        return texts.every((text) => text !== undefined) ? texts : undefined;
      }
      return asText(raw)?.split(',').filter(Boolean);
    case 'text':
    case 'number':
    case 'duration':
      return asText(raw);
    case undefined:
      return undefined;
  }
}

function asBoolean(raw: unknown): boolean | undefined {
  return typeof raw === 'boolean' ? raw : undefined;
}

function asText(raw: unknown): string | undefined {
  if (typeof raw === 'boolean') return raw ? '1' : '0';
  // Go formats infinity differently.
  return typeof raw === 'string' || Number.isFinite(raw) ? String(raw) : undefined;
}

function lineOf(key: string, source: string): number {
  const named = source.split('\n').findIndex((line) => line.replace(/^[\s["']+/, '').startsWith(key));
  return Math.max(named, 0) + 1;
}
