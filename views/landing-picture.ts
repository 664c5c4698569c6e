// The picture of the front page: a gatehouse at night with one warm lamp. Coloured by classes, so it follows the theme.
import { type Html, html } from './html.ts';

export function landingPicture(): Html {
  return html`<svg class="scene" viewBox="0 16 480 384" width="480" height="384" aria-hidden="true">
<defs>
<radialGradient id="halo" cx="50%" cy="50%" r="50%"><stop class="halo-in" offset="0"/><stop class="halo-out" offset="1"/></radialGradient>
<linearGradient id="spill" x1="0" y1="0" x2="0" y2="1"><stop class="spill-in" offset="0"/><stop class="halo-out" offset="1"/></linearGradient>
</defs>
<g class="stars"><circle cx="58" cy="74" r="1.6"/><circle cx="128" cy="36" r="1.2"/><circle cx="212" cy="62" r="1.6"/><circle cx="330" cy="30" r="1.4"/><circle cx="424" cy="88" r="1.8"/><circle cx="396" cy="40" r="1.1"/><circle cx="272" cy="92" r="1.1"/></g>
<path class="far" d="M0 350V306c50-22 92-20 132-8 60 18 110-30 190-22 66 6 100 22 158 10v64z"/>
<path class="wall" d="M186 350V176h12v-12h16v12h18v-12h16v12h18v-12h16v12h12v174z"/>
<path class="tower" d="M92 350V146h-8v-34h20v14h18v-14h24v14h18v-14h20v34h-8v204zM304 350V146h-8v-34h20v14h18v-14h24v14h18v-14h20v34h-8v204z"/>
<path class="slit" d="M131 186h6v26h-6zM343 186h6v26h-6zM131 258h6v26h-6z"/>
<path class="lit" d="M343 258h6v26h-6z"/>
<path class="arch" d="M196 350v-74a44 44 0 0 1 88 0v74z"/>
<path class="lit" d="M204 350v-74a36 36 0 0 1 72 0v74z"/>
<path class="bars" d="M222 243v107M240 240v110M258 243v107M204 282h72M204 316h72"/>
<circle fill="url(#halo)" cx="240" cy="212" r="92"/>
<path class="hook" d="M240 190v10"/>
<path class="lantern" d="M233 200h14l3 8-2 18h-16l-2-18z"/>
<path class="flame" d="M240 206c5 5 5 12 0 16-5-4-5-11 0-16z"/>
<path fill="url(#spill)" d="M204 350h72l52 50H152z"/>
<path class="ground" d="M12 350h192M276 350h192"/>
</svg>`;
}
