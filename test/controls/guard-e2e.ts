// Controls: what the real parts together showed about the guard.
import type { Control } from '../support/controls.ts';

export const controls: readonly Control[] = [
  {
    invariant: 'guard: five tabs that sign in at once all arrive',
    defence: 'a session that ended on the way is replaced by the one that the browser has now',
    file: 'src/guard/app-endpoints.ts',
    find: "} else if (verdict?.kind === 'sign in' && id) {",
    replace: "} else if (verdict?.kind === 'sign in' && id === undefined) {",
    tests: 'test/guard.test.ts',
    sees: 'the guard: sqlite a session that ended after the code was redeemed',
  },
  {
    invariant: 'guard: five tabs that sign in at once all arrive',
    defence: 'but not without end: how often it was tried is passed on',
    file: 'src/guard/app-endpoints.ts',
    find: '/.gatehouse/arrived?${tries}to=',
    replace: '/.gatehouse/arrived?to=',
    tests: 'test/guard.test.ts',
    sees: 'the guard: sqlite a session that ended after the code was redeemed',
  },
  {
    invariant: 'guard: clocks of replicas may differ by minutes',
    defence: 'a code is valid at a replica with another clock',
    file: 'src/guard/handoff.ts',
    find: '>= validMs + clockSkewMs',
    replace: '>= validMs',
    tests: 'test/guard.test.ts',
    sees: 'the guard: redis a code is valid at a replica whose clock differs by minutes',
  },
  {
    invariant: 'nginx starts with the generated files',
    defence: 'a larger value in the http block does not count',
    file: 'src/guard/front/nginx.ts',
    find: 'proxy_busy_buffers_size 32k;\n',
    replace: '',
    tests: 'test/guard-nginx.test.ts',
    sees: 'whatever sizes of buffers the http block has',
  },
];
