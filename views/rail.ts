// Navigation of signed-in pages (a bar at the bottom on phones): destinations, who is signed in, and signing out.
import { type Html, html } from './html.ts';
import { type IconName, icon } from './parts.ts';

interface Destination {
  readonly href: string;
  readonly label: string;
  readonly icon: IconName;
  /** Operators' destinations are listed below a thin line; members do not see them. */
  readonly operator?: true;
  /** Only while the guard is on. */
  readonly guard?: true;
}

/** In display order. */
const destinations: readonly Destination[] = [
  { href: '/dashboard', label: 'Dashboard', icon: 'dashboard' },
  { href: '/apps', label: 'Apps', icon: 'apps', guard: true },
  { href: '/devices', label: 'Devices', icon: 'devices' },
  { href: '/library', label: 'Library', icon: 'library' },
  { href: '/activity', label: 'Activity', icon: 'clock' },
  { href: '/cookies', label: 'Cookies', icon: 'cookie' },
  { href: '/privacy', label: 'Your data', icon: 'shield' },
  { href: '/settings', label: 'Settings', icon: 'settings' },
  { href: '/radar', label: 'Radar', icon: 'radar', operator: true },
  { href: '/access', label: 'Access', icon: 'people', operator: true },
  { href: '/app-rules', label: 'App rules', icon: 'rules', operator: true, guard: true },
  { href: '/record', label: 'Record', icon: 'record', operator: true },
  { href: '/checkup', label: 'Check-up', icon: 'checkup', operator: true },
  { href: '/keys', label: 'Keys', icon: 'key', operator: true },
  { href: '/vault', label: 'Vault', icon: 'vault', operator: true },
];

/** How many a phone's bar shows; its last item opens the others. */
const inBar = 4;
const withGuard = byAudience(destinations);
const withoutGuard = byAudience(destinations.filter((place) => place.guard !== true));

interface RailFrame {
  readonly asset: (name: string) => string;
  readonly path: string;
  readonly hasApps?: boolean;
  readonly csrfToken?: string;
}

export function rail(frame: RailFrame, person: { readonly email: string; readonly operator: boolean }): Html {
  const { path, csrfToken } = frame;
  const { forMembers, forOperators } = frame.hasApps ? withGuard : withoutGuard;
  const list = (places: readonly Destination[]) =>
    places.length > 0 &&
    html`<ul>${places.map(
      (place) =>
        html`<li><a href="${place.href}"${isHere(place.href, path) && html` aria-current="page"`}>${icon(frame, place.icon)}<span>${place.label}</span></a></li>`,
    )}</ul>`;
  const [bar, more] = [forMembers.slice(0, inBar), forMembers.slice(inBar)];
  const isMore = [...more, ...forOperators].some((place) => isHere(place.href, path));
  return html`<header class="rail">
<a class="mark" href="/dashboard">${icon(frame, 'lamp')}Gatehouse</a>
<nav class="places" aria-label="Main">${list(forMembers)}${person.operator && list(forOperators)}</nav>
<nav class="bar" aria-label="Main">${list(bar)}<details name="more"><summary${isMore && html` class="here"`}>${icon(frame, 'more')}<span>More</span></summary><div class="sheet">${list(more)}${person.operator && list(forOperators)}</div></details></nav>
<div class="me">
<a class="small" href="/privacy-notice">Privacy notice</a>
<p class="email" title="${person.email}">${person.email}</p>
<form method="post" action="/logout?sent=1"><input type="hidden" name="_csrf" value="${csrfToken}"><button type="submit">${icon(frame, 'sign-out')}Sign out</button></form>
</div>
</header>`;
}

function isHere(href: string, path: string): boolean {
  return path === href || path.startsWith(`${href}/`);
}

function byAudience(places: readonly Destination[]) {
  return {
    forMembers: places.filter((place) => place.operator !== true),
    forOperators: places.filter((place) => place.operator === true),
  };
}
