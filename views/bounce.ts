// A nearly empty page that opens the same address again, this time as a request from this site.
import { type Html, html } from './html.ts';
import type { Frame } from './layout.ts';

export function bounce(frame: Frame): Html {
  return html`<!doctype html>
<html lang="en" data-theme="${frame.theme}">
  <head>
    <meta charset="utf-8">
    <meta http-equiv="refresh" content="0">
    <title>One moment · Gatehouse</title>
    <link rel="stylesheet" href="${frame.asset('gatehouse.css')}">
  </head>
  <body><main><h1 class="visually-hidden">One moment</h1></main></body>
</html>`;
}
