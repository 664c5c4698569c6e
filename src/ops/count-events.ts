// A recorder that counts the events that pass through it: the one place where events become metrics. It looks only at names and reasons of
// closed sets, never at the person an event is about (invariant 10).
import { type EventName, events } from '../audit/events.ts';
import { type RecordedEvent, RecordUnavailable, type RevocationRecorder } from '../audit/recorder.ts';
import type { Daily, DailyName } from './daily.ts';
import type { Metrics } from './metrics.ts';

export interface CountOptions {
  readonly metrics: Metrics;
  /** The counts of the day, for the charts. */
  readonly daily: Pick<Daily, 'add'>;
}

/** Wraps `recorder`: counts a `write` once it is written, a revocation and a `note` immediately. Its other members stay as they are. */
export function countEvents<R extends RevocationRecorder>(recorder: R, options: CountOptions): R {
  const count = createCount(options);
  const refused = options.metrics.counter('gatehouse_record_refusals_total');
  const failedSignIn = options.metrics.counter('gatehouse_sign_ins_total', { outcome: 'failed' });
  return {
    ...recorder,
    async write(event) {
      try {
        await recorder.write(event);
      } catch (error) {
        if (error instanceof RecordUnavailable) refused();
        if (event.event === 'session.created') failedSignIn();
        throw error;
      }
      count(event);
    },
    writeEnding(event) {
      count(event);
      return recorder.writeEnding(event);
    },
    note(event) {
      count(event);
      recorder.note(event);
    },
  };
}

function createCount({ metrics, daily }: CountOptions): (event: RecordedEvent) => void {
  const { counter } = metrics;
  const byName = new Map<EventName, () => void>(
    (Object.keys(events) as EventName[]).map((event) => [
      event,
      counter('gatehouse_events_total', { event }),
    ]),
  );
  const created = counter('gatehouse_sessions_created_total');
  const replayed = counter('gatehouse_session_replays_total');
  const signIn = (outcome: string) => counter('gatehouse_sign_ins_total', { outcome });
  const [done, denied, ended] = [signIn('done'), signIn('denied'), signIn('ended')];
  const ending = ({ reason = 'other' }: RecordedEvent) =>
    counter('gatehouse_sessions_ended_total', { reason })();
  const counts: Partial<Record<EventName, (event: RecordedEvent) => void>> = {
    'session.created'({ facts }) {
      created();
      done();
      daily.add('sign-ins');
      daily.add(deviceKinds[String(facts?.['kind'])] ?? 'device.unknown');
    },
    'session.revoked': ending,
    'session.ended': ending,
    'session.replayed'() {
      replayed();
      daily.add('rejected.replay');
    },
    'signin.denied'() {
      denied();
      daily.add('rejected.identity');
    },
    'gate.refused'() {
      ended();
      daily.add('rejected.ended');
    },
    'csrf.rejected'({ reason = 'other' }) {
      counter('gatehouse_csrf_rejections_total', { reason })();
      daily.add('rejected.csrf');
    },
    'gate.untrusted'({ reason }) {
      // The only reason that occurs is that oauth2-proxy's session names another person.
      const label = reason === undefined ? 'proof' : 'another_person';
      counter('gatehouse_proof_rejections_total', { reason: label })();
      daily.add('rejected.proof');
    },
    'operator.denied': () => daily.add('rejected.operator'),
  };

  return (event) => {
    byName.get(event.event)?.();
    counts[event.event]?.(event);
  };
}

const deviceKinds: Readonly<Record<string, DailyName>> = {
  desktop: 'device.desktop',
  mobile: 'device.mobile',
  tablet: 'device.tablet',
};
