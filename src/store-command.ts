// `gatehouse store …`: says whose the store is, and makes it this deployment's where its key was lost.
import { parseArgs } from 'node:util';
import type { Config } from './config/derive.ts';
import { createLogger } from './http/log.ts';
import { StoreUnavailable } from './store/contract.ts';
import { openAnyStore } from './wiring/store.ts';

const help = `gatehouse store show              whose the store is, and since when
gatehouse store take-over --yes   makes it this deployment's. For a store of your own whose SECRET_KEY was
                                  replaced and lost: its sessions ended with the key. Never for another
                                  deployment's store: that one would stop answering.
`;

/** @returns the exit code. */
export async function storeCommand(args: readonly string[], config: Config): Promise<number> {
  const out = (text: string) => void process.stdout.write(text);
  const fail = (text: string) => {
    process.stderr.write(`${text}\n`);
    return 2;
  };
  const words = wordsOf(args);
  if (!words) return fail('That option is not known; `gatehouse store --help` lists them.');
  const { task, yes, wantsHelp } = words;
  if (wantsHelp || task === undefined) {
    out(help);
    return 0;
  }
  if (task !== 'show' && task !== 'take-over')
    return fail(`There is no "${task.slice(0, 40)}"; \`gatehouse store --help\` lists what there is.`);
  if (task === 'take-over' && config.isKeyMadeUp)
    return fail('This run has no SECRET_KEY, so nothing would be its own; set one first.');
  const logger = createLogger('silent', process.stderr);
  const { owner, store } = openAnyStore(config, logger);
  try {
    const [mark, fault] = [await owner.kept(), await owner.look()];
    const whose = mark ? `${mark.publicUrl}, since ${mark.since}` : 'nobody that this version can read';
    if (!mark && !fault) {
      out('The store has no mark yet; the server writes it when it starts.\n');
      return 0;
    }
    if (task === 'show') {
      out(`${fault ? 'Another deployment' : 'This deployment'}: ${whose}\n`);
      return 0;
    }
    if (!fault) {
      out('The store is this deployment’s already; nothing was changed.\n');
      return 0;
    }
    if (!yes) return fail(`The store belongs to ${whose}. With --yes it is this deployment’s from then on.`);
    await owner.takeOver();
    out(`The store is this deployment’s now (${config.publicOrigin}). Start the server again.\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    const { fault } = error;
    process.stderr.write(
      `The store does not answer${fault ? `: ${fault.code}, ${fault.meaning}; ${fault.mend}` : ''}.\n`,
    );
    return 1;
  } finally {
    await store.close();
  }
}

function wordsOf(args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { yes: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    });
    return { task: positionals[0], yes: values.yes === true, wantsHelp: values.help === true };
  } catch {
    return undefined;
  }
}
