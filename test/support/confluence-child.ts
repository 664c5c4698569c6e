// A sync in a process of its own, so that it can be killed; it starts on SIGUSR2. Arguments: the address, the data folder.
import { createConfluence } from '../../src/confluence/confluence.ts';
import { openLibrary } from '../../src/confluence/library-store.ts';
import { everything } from '../../src/confluence/scope.ts';
import type { Logger } from '../../src/http/log.ts';

const [url = '', dataDir = ''] = process.argv.slice(2);
// Signals are only handled while something keeps the process alive.
const alive = setInterval(() => {}, 60_000);
const go = new Promise((resolve) => process.once('SIGUSR2', resolve));
process.stdout.write('ready\n');
await go;
clearInterval(alive);
const library = openLibrary(dataDir);
const confluence = createConfluence({
  url,
  username: undefined,
  apiToken: 'a-personal-access-token',
  allowPrivate: true,
  library,
  dataDir,
  cookies: { cookieFor: async () => ({ state: 'none' }) },
  recorder: { async write() {}, note() {} },
  // A minimal logger, because this process is started many times.
  logger: console as unknown as Logger,
  textOf: (body) => body,
  now: Date.now,
  wait: async () => {},
});
process.stdout.write('begins\n');
const ended = await confluence.sync(everything);
process.stdout.write(`ends ${JSON.stringify(ended)}\n`);
library.close();
