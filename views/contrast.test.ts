// The contrast of the stylesheet's colours: text 4.5:1, edges and shapes 3:1 (WCAG 2.2, 1.4.3 and 1.4.11).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const css = readFileSync(new URL('../public/gatehouse/tokens.css', import.meta.url), 'utf8');

type Linear = readonly [number, number, number];

/** CSS Color 4: oklch to linear-light sRGB, clipped to the gamut. */
function linear(lightness: number, chroma: number, hue: number): Linear {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

function luminance([r, g, b]: Linear): number {
  const cut = (value: number) => Math.min(1, Math.max(0, value));
  return 0.2126 * cut(r) + 0.7152 * cut(g) + 0.0722 * cut(b);
}

/** The token's luminance in the light and the dark theme. */
function token(name: string): [light: number, dark: number] {
  const declared = new RegExp(`--${name}:([^;]*);`).exec(css)?.[1] ?? '';
  const colours = [...declared.matchAll(/oklch\(([\d.]+)% ([\d.]+) ([\d.]+)\)/g)].map((found) =>
    luminance(linear(Number(found[1]) / 100, Number(found[2]), Number(found[3]))),
  );
  const [light, dark = light] = colours;
  assert.ok(light !== undefined && dark !== undefined, `no colour --${name}`);
  return [light, dark];
}

function contrast(one: number, other: number): number {
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}

const surfaces = ['ground', 'raised', 'sunk'];
const pairs: [front: string, back: string[], atLeast: number][] = [
  ['text', [...surfaces, 'lamp-soft', 'good-soft', 'warn-soft', 'bad-soft'], 4.5],
  ['muted', surfaces, 4.5],
  ['accent', [...surfaces, 'lamp-soft'], 4.5],
  ['on-lamp', ['lamp'], 4.5],
  ['good', ['good-soft', 'raised'], 4.5],
  ['warn', ['warn-soft', 'raised'], 4.5],
  ['bad', ['bad-soft', 'raised'], 4.5],
  ['edge', surfaces, 3],
  ['lamp-edge', [...surfaces, 'lamp-soft'], 3],
  ['fill', ['sunk', 'raised'], 3],
  ...[1, 2, 3, 4, 5, 6].map((n): [string, string[], number] => [`tile-${n}`, [`tile-${n}-soft`], 4.5]),
];

for (const [front, backs, atLeast] of pairs) {
  test(`--${front} has a contrast of ${atLeast}:1 in both themes`, () => {
    for (const back of backs) {
      for (const theme of [0, 1] as const) {
        const ratio = contrast(token(front)[theme], token(back)[theme]);
        assert.ok(
          ratio >= atLeast,
          `--${front} on --${back}, ${theme === 0 ? 'light' : 'dark'}: ${ratio.toFixed(2)}`,
        );
      }
    }
  });
}

test('the computation agrees with known values', () => {
  assert.ok(Math.abs(contrast(luminance(linear(1, 0, 0)), luminance(linear(0, 0, 0))) - 21) < 0.01);
  assert.ok(Math.abs(luminance(linear(0.62796, 0.25768, 29.234)) - 0.2126) < 0.002);
});
