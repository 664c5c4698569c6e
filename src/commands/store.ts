// `gatehouse store`: shows who owns the store, and makes it this deployment's if its key was lost.
import { parseArgs } from 'node:util';
import type { Config } from '../config/derive.ts';
import type { Command } from './terminal.ts';

const help = `gatehouse store show              shows which deployment owns the store, and since when
gatehouse store take-over --yes   makes this deployment its owner. For your own store after its SECRET_KEY was
                                  lost: its sessions ended with the key. Never for another
                                  deployment's store: that deployment would stop answering.`;

interface StoreTask {
  /** undefined: nothing was asked for, so it prints the help. */
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
      say.note(
        'There is no SECRET_KEY, so this deployment could not be recognised as the owner; set one first.',
      );
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
      const whose = mark
        ? `${mark.publicUrl}, since ${mark.since}`
        : 'an owner that this version cannot read';
      if (!mark && !fault) {
        say.line('The store has no mark yet; the server writes it when it starts.');
        return 0;
      }
      if (task === 'show') {
        say.line(`${fault ? 'Another deployment' : 'This deployment'}: ${whose}`);
        return 0;
      }
      if (!fault) {
        say.line('The store already belongs to this deployment; nothing was changed.');
        return 0;
      }
      if (!yes) {
        say.note(`The store belongs to ${whose}. With --yes it will belong to this deployment.`);
        return 2;
      }
      await owner.takeOver();
      say.line(`The store now belongs to this deployment (${config.publicOrigin}). Start the server again.`);
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
