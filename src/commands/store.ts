// `gatehouse store`: shows who owns the store, and makes it this deployment's if its key was lost.
import { parseArgs } from 'node:util';
import type { Config } from '../config/derive.ts';
import type { Command } from './terminal.ts';

const help = `gatehouse store show              whose the store is, and since when
gatehouse store take-over --yes   makes it this deployment's. For a store of your own whose SECRET_KEY was
                                  replaced and lost: its sessions ended with the key. Never for another
                                  deployment's store: that one would stop answering.`;

interface StoreTask {
  /** undefined: nothing was asked for, so it shows the available options. */
  readonly task: 'show' | 'take-over' | undefined;
  readonly yes: boolean;
}

interface StoreParts {
  readonly config: Config;
}

export const storeCommand: Command<StoreTask, StoreParts> = {
  name: 'store',
  help,
  read(args) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { yes: { type: 'boolean', default: false } },
    });
    const [task] = positionals;
    if (task !== undefined && task !== 'show' && task !== 'take-over')
      return { wrong: `there is no "${task.slice(0, 40)}"` };
    return { task, yes: values.yes };
  },
  async parts() {
    const { configuration } = await import('./settings.ts');
    return { config: configuration() };
  },
  async run({ task, yes }, { config }, say) {
    if (task === undefined) {
      for (const line of help.split('\n')) say.line(line);
      return 0;
    }
    if (task === 'take-over' && config.isKeyMadeUp) {
      say.note('This run has no SECRET_KEY, so nothing would be its own; set one first.');
      return 2;
    }
    const [{ createLogger }, { openAnyStore }, { StoreUnavailable }] = await Promise.all([
      import('../http/log.ts'),
      import('../wiring/store.ts'),
      import('../store/contract.ts'),
    ]);
    const { owner, store } = await openAnyStore(config, createLogger('silent', process.stderr));
    try {
      const [mark, fault] = [await owner.kept(), await owner.look()];
      const whose = mark ? `${mark.publicUrl}, since ${mark.since}` : 'nobody that this version can read';
      if (!mark && !fault) {
        say.line('The store has no mark yet; the server writes it when it starts.');
        return 0;
      }
      if (task === 'show') {
        say.line(`${fault ? 'Another deployment' : 'This deployment'}: ${whose}`);
        return 0;
      }
      if (!fault) {
        say.line('The store is this deployment’s already; nothing was changed.');
        return 0;
      }
      if (!yes) {
        say.note(`The store belongs to ${whose}. With --yes it is this deployment’s from then on.`);
        return 2;
      }
      await owner.takeOver();
      say.line(`The store is this deployment’s now (${config.publicOrigin}). Start the server again.`);
      return 0;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      const { fault } = error;
      say.note(
        `The store does not answer${fault ? `: ${fault.code}, ${fault.meaning}; ${fault.mend}` : ''}.`,
      );
      return 1;
    } finally {
      await store.close();
    }
  },
};
