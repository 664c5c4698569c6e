// Maps the colours that people chose to a few names, which the stylesheet adapts to light and dark. No style attribute passes through.

type Hue = 'grey' | 'red' | 'yellow' | 'green' | 'teal' | 'blue' | 'purple';

const named: Readonly<Record<string, Hue>> = {
  red: 'red',
  orange: 'yellow',
  yellow: 'yellow',
  lime: 'green',
  green: 'green',
  teal: 'teal',
  aqua: 'teal',
  blue: 'blue',
  navy: 'blue',
  purple: 'purple',
  fuchsia: 'purple',
  gray: 'grey',
  grey: 'grey',
};

/** The nearest name of `#rrggbb`, `#rgb`, `rgb(r,g,b)` or a word. undefined: black, white or unknown. */
export function hueOf(colour: string): Hue | undefined {
  const text = colour.trim().toLowerCase().slice(0, 40);
  if (Object.hasOwn(named, text)) return named[text];
  const [red, green, blue] = channelsOf(text);
  if (red === undefined || green === undefined || blue === undefined) return undefined;
  const [most, least] = [Math.max(red, green, blue), Math.min(red, green, blue)];
  const spread = most - least;
  if (spread < 12) return most > 40 && most < 252 ? 'grey' : undefined;
  const degrees =
    most === red
      ? 60 * ((green - blue) / spread)
      : most === green
        ? 120 + 60 * ((blue - red) / spread)
        : 240 + 60 * ((red - green) / spread);
  const hue = (degrees + 360) % 360;
  if (spread < 24 && hue > 190 && hue < 260) return 'grey';
  if (hue < 20 || hue >= 330) return 'red';
  if (hue < 75) return 'yellow';
  if (hue < 160) return 'green';
  if (hue < 195) return 'teal';
  return hue < 255 ? 'blue' : 'purple';
}

function channelsOf(text: string): number[] {
  const rgb = /^rgba?\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})/.exec(text);
  if (rgb) return rgb.slice(1, 4).map(Number);
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/.exec(text)?.[1];
  if (!hex) return [];
  const digits = hex.length === 3 ? [...hex].map((digit) => digit + digit) : (hex.match(/../g) ?? []);
  return digits.map((pair) => Number.parseInt(pair, 16));
}

/** What is kept of a `style` attribute: alignment, indent and text colour, as class names. */
export function classesOf(style: string | undefined): string[] {
  if (!style || style.length > 1000) return [];
  const classes: string[] = [];
  for (const declaration of style.split(';')) {
    const [property = '', value = ''] = declaration.split(':').map((part) => part.trim().toLowerCase());
    if (property === 'text-align' && (value === 'center' || value === 'right')) classes.push(value);
    if (property === 'margin-left' && /^\d{2,3}(\.\d+)?px$/.test(value)) {
      classes.push(`indent-${Math.min(6, Math.max(1, Math.round(Number.parseFloat(value) / 30)))}`);
    }
    const hue = property === 'color' ? hueOf(value) : undefined;
    if (hue) classes.push(`ink-${hue}`);
  }
  return [...new Set(classes)];
}
