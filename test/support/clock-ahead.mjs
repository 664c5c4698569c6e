// Preloaded into a program: its clock is CLOCK_AHEAD_MS ahead.
const ahead = Number(process.env['CLOCK_AHEAD_MS']);
const real = Date.now.bind(Date);
const now = () => real() + ahead;
globalThis.Date = new Proxy(Date, {
  construct: (target, args) => (args.length === 0 ? new target(now()) : Reflect.construct(target, args)),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});
