// Loaded before a program: says at its end, as the last line of standard error, which modules it loaded.
import { registerHooks } from 'node:module';

const urls = new Set();
registerHooks({
  load(url, context, next) {
    if (!url.startsWith('node:')) urls.add(url);
    return next(url, context);
  },
});
process.on('exit', () => process.stderr.write(`\n${JSON.stringify([...urls])}\n`));
