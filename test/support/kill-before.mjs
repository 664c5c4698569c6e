// Preloaded into a program: sends itself SIGKILL just before the nth call that changes a file (halfway through, if it writes a whole file),
// counting from the first one under KILL_UNDER; or a number of milliseconds after that first one, from a separate thread.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Worker } from 'node:worker_threads';

const { KILL_AT_CALL, KILL_AFTER_MS, KILL_UNDER = '', COUNT_CALLS } = process.env;
const state = new Int32Array(new SharedArrayBuffer(4));
const thread = `
  const { state, ms } = require('node:worker_threads').workerData;
  Atomics.wait(state, 0, 0);
  Atomics.wait(state, 0, 1, ms);
  process.kill(process.pid, 'SIGKILL');`;
if (KILL_AFTER_MS)
  new Worker(thread, { eval: true, execArgv: [], workerData: { state, ms: Number(KILL_AFTER_MS) } }).unref();

let calls = 0;
const changing = [
  'writeFileSync',
  'copyFileSync',
  'linkSync',
  'renameSync',
  'unlinkSync',
  'rmSync',
  'mkdirSync',
  'fsyncSync',
];
const functions = /** @type {Record<string, Function>} */ (/** @type {unknown} */ (fs));
for (const name of changing) {
  const real = /** @type {Function} */ (functions[name]);
  /** @param {any[]} args */
  functions[name] = (...args) => {
    if (args.some((arg) => String(arg).includes(KILL_UNDER)) && state[0] === 0) {
      Atomics.store(state, 0, 1);
      Atomics.notify(state, 0);
    }
    if (state[0] === 1 && calls++ === Number(KILL_AT_CALL)) {
      if (name === 'writeFileSync') real(args[0], args[1].slice(0, args[1].length >> 1), args[2]);
      process.kill(process.pid, 'SIGKILL');
    }
    return real(...args);
  };
}
syncBuiltinESMExports();
if (COUNT_CALLS) process.on('exit', () => process.stderr.write(`\ncalls ${calls}\n`));
