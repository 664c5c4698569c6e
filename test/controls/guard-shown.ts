// Controls: the guard as it is shown under Compose and in the demo, over plain http.
import type { Control } from '../support/controls.ts';

export const controls: readonly Control[] = [
  {
    invariant: 'no app sees a cookie of ours',
    defence: 'also over plain http, where they have no prefix',
    file: 'src/guard/guard-cookie.ts',
    find: "['__Host-', '']",
    replace: "['__Host-']",
    tests: 'test/guard-cookies.test.ts',
    sees: 'each cookie of ours is recognised',
  },
  {
    invariant: 'a front is never written for no apps by mistake',
    defence: 'a file that is missing is said',
    file: 'src/commands/guard-open.ts',
    find: '!fault && readAt === undefined',
    replace: '!fault && readAt === null',
    tests: 'test/guard-command.test.ts',
    sees: 'the apps are those of APPS_FILE',
  },
  {
    invariant: 'without apps nothing speaks of apps',
    defence: 'pages link to apps only if there is an apps file',
    file: 'src/wiring/app-parts.ts',
    find: 'hasApps: options.hasApps ?? (',
    replace: 'hasApps: (',
    tests: 'test/guard-pages.test.ts',
    sees: 'as long as there was never an apps file',
  },
  {
    invariant: 'a check is decided for the request that the front names',
    defence: 'a check without its headers is refused',
    file: 'src/guard/front-request.ts',
    find: 'undefined : ownUri',
    replace: 'ownUri : ownUri',
    tests: 'src/guard/front-request.test.ts',
    sees: 'a check is about the request that the headers name',
  },
  {
    invariant: 'an app that nobody uses is one that nobody opened',
    defence: 'a use that is shorter than a minute is noted for the app',
    file: 'src/guard/uses.ts',
    find: 'isDue(` ${app.name}`, 0, at',
    replace: 'isDue(` ${app.name}`, usedAt, at',
    tests: 'src/guard/uses.test.ts',
    sees: 'an app that somebody opens for a moment counts as used',
  },
];
