// `gatehouse clock`: the state of the clock that retention relies on, and an operator's confirmation that it is right.
import type { Recorder } from '../audit/recorder.ts';
import type { Store } from '../store/contract.ts';
import {
  believeClock,
  clockFact,
  jumpMs,
  readSeenClock,
  type SeenClock,
  writeSeenClock,
} from '../store/seen-clock.ts';
import { type Command, type ExitCode, using } from './terminal.ts';

const help = `gatehouse clock            shows whether the clock is trusted for removing old data
gatehouse clock believe    confirms that the clock is right although it jumped: old data is removed from now on, one day's worth each hour

Sessions, people, entries of the record and cookies in the vault are removed when they reach a certain age. After the clock has jumped by
more than a day, nothing is removed until the clock is corrected, has run on for seven days, or is confirmed with this command.`;

export interface ClockParts {
  open(): Promise<{
    readonly store: Pick<Store, 'facts'>;
    readonly recorder: Recorder;
    close(): Promise<void>;
  }>;
}

export const clockCommand: Command<{ readonly believes: boolean }, ClockParts> = {
  name: 'clock',
  help,
  read([task, ...rest]) {
    if (rest.length > 0 || (task !== undefined && task !== 'believe'))
      return { wrong: 'the only argument is "believe"' };
    return { believes: task === 'believe' };
  },
  async parts() {
    const { configuration } = await import('./settings.ts');
    const config = configuration();
    return { open: async () => (await import('./deployment.ts')).openDeployment(config) };
  },
  run: async ({ believes }, { open }, say) =>
    using(await open(), async ({ store: { facts }, recorder }): Promise<ExitCode> => {
      const kept = await facts.read(clockFact);
      const seen = readSeenClock(kept);
      if (kept === undefined || !seen) {
        say.line('This store has no clock state yet: no server has used it.');
        return 0;
      }
      for (const line of linesOf(seen, Date.now())) say.line(line);
      if (!believes) return 0;
      await recorder.write({ event: 'clock.believed', by: 'terminal' });
      for (let known = kept; ; known = (await facts.read(clockFact)) ?? known) {
        const before = readSeenClock(known) ?? seen;
        if (await facts.replace(clockFact, known, writeSeenClock(believeClock(before, Date.now())))) break;
      }
      say.line(
        'The clock is confirmed. Old data is removed from now on, one day’s worth for each hour that a server runs.',
      );
      return 0;
    }),
};

function linesOf({ at }: SeenClock, now: number): string[] {
  const [clock, seen] = [now, at].map((instant) => new Date(instant).toISOString());
  const state =
    now - at > jumpMs
      ? 'The clock is far ahead: nothing is removed because of its age.'
      : at - now > jumpMs
        ? 'The clock is behind: nothing newer is removed because of its age.'
        : 'They agree.';
  return [`The clock says             ${clock}`, `Time is known to have passed until ${seen}`, state];
}
