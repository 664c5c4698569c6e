// Any sequence of rotations of a .env file: no rotation or pruning signs anybody out before their cookie expires, nothing stolen survives
// an emergency, the record stays verifiable, and the app starts from every state.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadConfig } from '../config/load.ts';
import { maxFallbacks } from '../config/schemas.ts';
import { auditKeyOf } from '../crypto/kdf.ts';
import { dayOf, readDates } from './dates.ts';
import { rotateWords } from './kinds.ts';
import { planSecrets } from './plan.ts';

const dayMs = 86_400_000;
const lifetimeMs = 7 * dayMs;

const deed = fc.oneof(
  fc.record({ does: fc.constant('rotate' as const), words: fc.subarray([...rotateWords], { minLength: 1 }) }),
  fc.record({ does: fc.constant('prune' as const) }),
  fc.record({ does: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 24 * 15 }) }),
  fc.record({ does: fc.constant('emergency' as const) }),
);
const deeds = fc.array(
  fc.oneof(
    { arbitrary: deed, weight: 1 },
    { arbitrary: deed.filter(({ does }) => does !== 'emergency'), weight: 3 },
  ),
  { minLength: 12, maxLength: 40, size: 'max' },
);

const listOf = (text: string | undefined) => (text ?? '').split(',').filter((item) => item !== '');

test('property: any sequence of rotations, prunings and emergencies', () => {
  const seen = { dropped: 0, kept: 0 };
  fc.assert(
    fc.property(deeds, (life) => {
      let values: Record<string, string> = {};
      let now = Date.UTC(2026, 10, 23, 22);
      /** When each key signed last, and which ones were removed. */
      const lastSigned = new Map<string, number>();
      const left = new Set<string>();
      const apply = (rotate: readonly (typeof rotateWords)[number][], prune: boolean, emergency: boolean) => {
        const before = [values['SECRET_KEY'] ?? '', ...listOf(values['SECRET_KEY_FALLBACKS'])].filter(
          Boolean,
        );
        if (before[0]) lastSigned.set(before[0], now);
        const today = dayOf(now);
        const plan = planSecrets({
          values,
          inUse: true,
          rotate: new Set(rotate),
          prune,
          emergency,
          today,
          bytes: randomBytes,
        });
        assert.ok('edits' in plan);
        values = { ...values, ...Object.fromEntries(plan.edits.map(({ name, value }) => [name, value])) };
        const after = [values['SECRET_KEY'] ?? '', ...listOf(values['SECRET_KEY_FALLBACKS'])];
        const gone = before.filter((key) => !after.includes(key));
        for (const key of gone) {
          left.add(key);
          const isFull = after.length > maxFallbacks;
          if (!emergency && !isFull) {
            assert.ok((lastSigned.get(key) ?? 0) + lifetimeMs + dayMs <= now, 'it could still be needed');
            seen.dropped++;
          }
        }
        seen.kept += after.length - 1;
        if (emergency) assert.equal(after.length, 1);
        const records = listOf(values['AUDIT_KEY_FALLBACKS']);
        const newest = [...left].slice(-maxFallbacks);
        if (left.size <= maxFallbacks) for (const key of newest) assert.ok(records.includes(auditKeyOf(key)));
        assert.ok(records.length <= maxFallbacks);
        const all = [
          'SECRET_KEY',
          'GATE_SECRET',
          'OAUTH2_PROXY_COOKIE_SECRET',
          'VAULT_PASSPHRASE',
          'REDIS_PASSWORD',
        ];
        const formers =
          listOf(values['SECRET_KEY_FALLBACKS']).length + listOf(values['GATE_SECRET_FALLBACKS']).length;
        assert.equal(readDates(values['SECRET_DATES']).size, all.length + formers);
        const loaded = loadConfig({ env: values });
        assert.ok('config' in loaded, JSON.stringify(loaded));
      };
      apply([], false, false);
      for (const one of life) {
        if (one.does === 'wait') now += one.hours * 3_600_000;
        else if (one.does === 'prune') apply([], true, false);
        else if (one.does === 'rotate') apply(one.words, false, false);
        else apply(rotateWords, false, true);
      }
    }),
    { numRuns: 80 },
  );
  assert.ok(seen.dropped > 20 && seen.kept > 500, JSON.stringify(seen));
});
