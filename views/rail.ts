// The rail of signed-in pages (a bar at the foot of a phone): where one can go, who one is, the way out.
import { type Html, html } from './html.ts';
import { type IconName, icon } from './parts.ts';

interface Destination {
  readonly href: string;
  readonly label: string;
  readonly icon: IconName;
  /** Operators' destinations stand under a thin line; members do not see them. */
  readonly operator?: true;
}

/** In the order of the rail. */
const destinations: readonly Destination[] = [
  { href: '/dashboard', label: 'Dashboard', icon: 'dashboard' },
  { href: '/devices', label: 'Devices', icon: 'devices' },
  { href: '/cookies', label: 'Cookies', icon: 'cookie' },
  { href: '/library', label: 'Library', icon: 'library' },
  { href: '/settings', label: 'Settings', icon: 'settings' },
  { href: '/radar', label: 'Radar', icon: 'radar', operator: true },
  { href: '/access', label: 'Access', icon: 'people', operator: true },
  { href: '/vault', label: 'Vault', icon: 'vault', operator: true },
];

const forMembers = destinations.filter((place) => place.operator !== true);
const forOperators = destinations.filter((place) => place.operator === true);

export function rail(
  assets: { readonly asset: (name: string) => string },
  person: { readonly email: string; readonly operator: boolean },
  path: string,
  csrfToken: string | undefined,
): Html {
  const list = (places: readonly Destination[]) =>
    places.length > 0 &&
    html`<ul>${places.map(
      (place) =>
        html`<li><a href="${place.href}"${isHere(place.href, path) && html` aria-current="page"`}>${icon(assets, place.icon)}<span>${place.label}</span></a></li>`,
    )}</ul>`;
  return html`<header class="rail">
<a class="mark" href="/dashboard">${icon(assets, 'lamp')}Gatehouse</a>
<nav aria-label="Main">${list(forMembers)}${person.operator && list(forOperators)}</nav>
<div class="me">
<a class="small" href="/privacy-notice">Privacy notice</a>
<p class="email" title="${person.email}">${person.email}</p>
<form method="post" action="/logout"><input type="hidden" name="_csrf" value="${csrfToken}"><button type="submit">${icon(assets, 'sign-out')}Sign out</button></form>
</div>
</header>`;
}

function isHere(href: string, path: string): boolean {
  return path === href || path.startsWith(`${href}/`);
}
