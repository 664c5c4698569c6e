// Preloaded into a program: when it exits, prints the modules that it loaded as the last line of standard error.
import { registerHooks } from 'node:module';

const urls = new Set();
registerHooks({
  load(url, context, next) {
    if (!url.startsWith('node:')) urls.add(url);
    return next(url, context);
  },
});
process.on('exit', () => process.stderr.write(`\n${JSON.stringify([...urls])}\n`));
