// The square that stands for an app: a built-in icon, one or two letters, or the first letter of the title.
import { type AppIcon, appIcons } from './app-icons.ts';
import { type Content, type Html, html } from './html.ts';
import { icon as iconOf } from './parts.ts';

export interface AppLook {
  /** Its key; decides the colour, so that an app keeps it. */
  readonly name: string;
  readonly title: string;
  /** The name of a built-in icon, or one or two letters; anything else, or absent: the first letter of the title. */
  readonly icon?: string;
}

/** As many as `apps.css` has. */
const colours = 6;

/** Next to the title, so hidden from screen readers. */
export function appTile(
  assets: { readonly asset: (name: string) => string },
  { name, title, icon }: AppLook,
): Html {
  return html`<span class="tile tile-${colourOf(name)}" aria-hidden="true">${inside(assets, title, icon)}</span>`;
}

function inside(
  assets: { readonly asset: (name: string) => string },
  title: string,
  icon: string | undefined,
): Content {
  if (isAppIcon(icon)) return iconOf(assets, `app-${icon}`);
  const letters = icon !== undefined && [...icon].length <= 2 ? icon : [...title][0];
  return letters?.toUpperCase();
}

function isAppIcon(name: string | undefined): name is AppIcon {
  return appIcons.some((known) => known === name);
}

/** FNV-1a, 32 bits: spreads short names well. */
function colourOf(name: string): number {
  let hash = 0x81_1c_9d_c5;
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01_00_01_93) >>> 0;
  return ((hash >>> 8) % colours) + 1;
}

/** A host name, which may wrap before its dots. */
export function hostText(host: string): Content {
  return host.split(/(?=\.)/).map((part, i) => (i === 0 ? part : html`<wbr>${part}`));
}
