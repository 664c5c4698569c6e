// What names a file that cannot be used, and refuses to go on with one that is no longer there.
import type { Control } from '../support/controls.ts';

export const controls: readonly Control[] = [
  {
    invariant: 'a file that is no longer there takes no change',
    defence: 'every operation of the store looks first',
    file: 'src/store/sqlite-guard.ts',
    find: '        look(isRead);\n',
    replace: '        if (isRead) look(true);\n',
    tests: 'test/replaced-files.test.ts',
    sees: 'a database that was moved',
  },
  {
    invariant: 'a file that is no longer there takes no change',
    defence: 'the log of the database counts too',
    file: 'src/files/same-file.ts',
    find: "const known = ['', '-wal', '-shm']",
    replace: "const known = ['']",
    tests: 'test/replaced-files.test.ts',
    sees: 'a database that was moved',
  },
  {
    invariant: 'a file that is no longer there is told',
    defence: 'the log says so without a request',
    file: 'src/serve.ts',
    find: 'openSqliteStore(config.store.dataDir, tellReplaced(logger))',
    replace: 'openSqliteStore(config.store.dataDir)',
    tests: 'test/replaced-files.test.ts',
    sees: 'a database that was moved',
  },
  {
    invariant: 'errors of files have words',
    defence: 'what SQLite says at the start names the file',
    file: 'src/files/file-refused.ts',
    find: '  if (fault === undefined) return error;\n',
    replace: '  if (fault !== undefined || error) return error;\n',
    tests: 'test/file-faults.test.ts',
    sees: 'the database is none',
  },
  {
    invariant: 'no copy full of secrets where nothing was changed',
    defence: 'a failed rotation takes its copy away',
    file: 'src/secrets/generate.ts',
    find: '  if (backup) rmSync(backup, { force: true });\n',
    replace: '',
    tests: 'test/file-faults.test.ts',
    sees: 'a `.env` that is mounted by itself',
  },
  {
    invariant: 'no pipe holds a command for ever',
    defence: 'only ordinary files are read',
    file: 'src/files/ordinary-file.ts',
    find: "  if (!found.isFile()) throw new FileRefused(file, 'not-a-file');\n",
    replace: '',
    tests: 'test/file-faults.test.ts',
    sees: 'audit checkpoint --out pipe',
  },
];
