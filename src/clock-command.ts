// `gatehouse clock`: what retention makes of the clock, and the word of an operator that it is right.
import type { Config } from './config/derive.ts';
import { createLogger } from './http/log.ts';
import {
  believeClock,
  clockFact,
  jumpMs,
  readSeenClock,
  type SeenClock,
  writeSeenClock,
} from './store/seen-clock.ts';
import { openRecord } from './wiring/audit-log.ts';
import { openStore } from './wiring/store.ts';

const help = `gatehouse clock            what retention makes of the clock
gatehouse clock believe    the clock is right, though it jumped: what has become old goes from now on, a day of it each hour

Sessions, people, entries of the record and cookies in the vault are removed for their age. After a jump of the clock by more than a
day nothing is, until the clock is set right, has gone on for seven days, or somebody says here that it is right.
`;

interface Words {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

const toTerminal: Words = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
};

/** @returns the exit code. */
export async function clockCommand(
  args: readonly string[],
  config: Config,
  { out, err }: Words = toTerminal,
): Promise<number> {
  const [what, ...rest] = args;
  if (what === '--help' || what === '-h') {
    out(help);
    return 0;
  }
  if (rest.length > 0 || (what !== undefined && what !== 'believe')) {
    err('`clock` knows one word: believe. `gatehouse clock --help` says what it does.\n');
    return 2;
  }
  const logger = createLogger(config.logLevel === 'info' ? 'error' : config.logLevel, process.stderr);
  const { store } = await openStore(config, logger);
  const recorder = openRecord({ config: () => config, store, logger, now: Date.now });
  try {
    const kept = await store.facts.read(clockFact);
    const seen = readSeenClock(kept);
    if (kept === undefined || !seen) {
      out('This store has seen no clock yet: no server has run over it.\n');
      return 0;
    }
    out(wordsOf(seen, Date.now()));
    if (what !== 'believe') return 0;
    await recorder.write({ event: 'clock.believed', by: 'terminal' });
    for (let known = kept; ; known = (await store.facts.read(clockFact)) ?? known) {
      const before = readSeenClock(known) ?? seen;
      if (await store.facts.replace(clockFact, known, writeSeenClock(believeClock(before, Date.now()))))
        break;
    }
    out('The clock is believed. What is old goes from now on, a day of it each hour that a server runs.\n');
    return 0;
  } finally {
    await recorder.close();
    await store.close();
  }
}

function wordsOf({ at }: SeenClock, now: number): string {
  const [clock, seen] = [now, at].map((instant) => new Date(instant).toISOString());
  const state =
    now - at > jumpMs
      ? 'It is far ahead: nothing is removed for its age.'
      : at - now > jumpMs
        ? 'It is behind: nothing newer is removed for its age.'
        : 'They agree.';
  return `The clock says             ${clock}\nTime is known to have passed until ${seen}\n${state}\n`;
}
