// `npm run hooks`: switches the pre-commit hook of this clone on; `npm run hooks -- off` switches it off.
import { spawnSync } from 'node:child_process';

const folder = '.githooks';
const git = (...args: readonly string[]) =>
  spawnSync('git', ['config', '--local', ...args], { encoding: 'utf8' });

const [word = 'on', ...more] = process.argv.slice(2);
const current = git('--get', 'core.hooksPath').stdout.trim();
if (!/^(on|off)$/.test(word) || more.length > 0) fail('Use: npm run hooks, or npm run hooks -- off', 2);
else if (current && current !== folder)
  fail(`This clone has hooks of its own (core.hooksPath is ${current}); nothing was changed.`, 1);
else if (word === 'on') {
  if (git('core.hooksPath', folder).status !== 0) fail('git could not save the setting; is this a clone?', 1);
  else console.log('On: each commit is checked first. Off again: npm run hooks -- off');
} else {
  if (current) git('--unset', 'core.hooksPath');
  console.log('Off: commits are not checked.');
}

function fail(message: string, code: number): void {
  console.error(message);
  process.exitCode = code;
}
