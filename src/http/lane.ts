// The fast lane: answers the most frequent requests before Express. It can only admit: whatever is refused, due for a change or merely
// unusual steps aside into the ordinary handlers, which decide what to do about it. Requests that arrive in one turn of the event loop are
// admitted by one read of the store, which begins after each of them has arrived: what was ended before a request came is never admitted.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ImmediateLimit, networkKey } from './limits.ts';
import type { PlainRequest } from './plain-request.ts';

/** What must be read to admit one request; known from its headers alone. */
export interface LanePlan {
  readonly personId: string;
}

export interface LaneOptions<Plan extends LanePlan, Admitted> {
  /** The response to each exact URL. */
  readonly answers: ReadonlyMap<
    string,
    (req: IncomingMessage, res: ServerResponse, admitted: Admitted) => void
  >;
  readonly readRequest: (req: IncomingMessage) => PlainRequest | undefined;
  /** What to read for this request; undefined: step aside */
  readonly plan: (request: PlainRequest) => Plan | undefined;
  /** One read for all of `plans`. @returns for each what is admitted; undefined: step aside. @throws if the store does not answer */
  readonly admit: (plans: readonly Plan[]) => Promise<readonly (Admitted | undefined)[]>;
  readonly byNetwork: ImmediateLimit;
  readonly byPerson: ImmediateLimit;
  /** How long a group waits for its read, and how long the lane is closed after one that failed; absent: a second. */
  readonly patienceMs?: number;
  /** Called before a request is answered, to measure and to log it. */
  readonly onAnswer: (req: IncomingMessage, res: ServerResponse, arrivedAt: number) => void;
}

interface Waiting<Plan> {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** Hands the request to the ordinary handlers. */
  readonly stepAside: () => void;
  readonly plan: Plan;
  readonly network: string;
  readonly arrivedAt: number;
}

const defaultPatienceMs = 1_000;

/** @returns a listener that answers a request, or calls `stepAside` */
export function createLane<Plan extends LanePlan, Admitted>(options: LaneOptions<Plan, Admitted>) {
  const { answers, readRequest, plan: planFor, admit, byNetwork, byPerson, onAnswer } = options;
  const patienceMs = options.patienceMs ?? defaultPatienceMs;
  let waiting: Waiting<Plan>[] = [];
  /** By `performance.now()`. */
  let closedUntil = 0;

  async function admitAll(): Promise<void> {
    const group = waiting;
    waiting = [];
    const found = await admitOrNone(group.map(({ plan }) => plan));
    for (const [i, one] of group.entries()) if (!answered(one, found[i])) one.stepAside();
  }

  async function admitOrNone(plans: readonly Plan[]): Promise<readonly (Admitted | undefined)[]> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('the store is slow')), patienceMs);
    });
    try {
      return await Promise.race([admit(plans), tooLate]);
    } catch {
      // The ordinary handlers find out what is wrong, and wait for the store themselves: nobody waits for it twice.
      closedUntil = performance.now() + patienceMs;
      return [];
    } finally {
      clearTimeout(timer);
    }
  }

  function answered(one: Waiting<Plan>, admitted: Admitted | undefined): boolean {
    try {
      return admitted !== undefined && answer(one, admitted);
    } catch {
      // One fault must not leave the rest of the group without an answer.
      return false;
    }
  }

  /** @returns false if the request must step aside */
  function answer({ req, res, plan, network, arrivedAt }: Waiting<Plan>, admitted: Admitted): boolean {
    const write = answers.get(req.url ?? '');
    // Others of this group may have used up what was left; what is refused is counted once more, which changes nothing.
    if (!write || !byNetwork.take(network) || !byPerson.take(plan.personId)) return false;
    onAnswer(req, res, arrivedAt);
    write(req, res, admitted);
    return true;
  }

  /** @returns undefined if the request must step aside */
  function prepare(req: IncomingMessage): Pick<Waiting<Plan>, 'plan' | 'network' | 'arrivedAt'> | undefined {
    if (!answers.has(req.url ?? '') || performance.now() < closedUntil) return undefined;
    const request = readRequest(req);
    const plan = request && planFor(request);
    if (!plan) return undefined;
    const network = networkKey(request.ip);
    if (!byNetwork.hasRoom(network) || !byPerson.hasRoom(plan.personId)) return undefined;
    return { plan, network, arrivedAt: performance.now() };
  }

  /** A fault here must not end the program: the ordinary handlers answer instead. */
  function preparedOrNone(req: IncomingMessage): ReturnType<typeof prepare> {
    try {
      return prepare(req);
    } catch {
      return undefined;
    }
  }

  return (req: IncomingMessage, res: ServerResponse, stepAside: () => void): void => {
    const prepared = preparedOrNone(req);
    if (!prepared) {
      stepAside();
      return;
    }
    if (waiting.length === 0) setImmediate(() => void admitAll());
    waiting.push({ req, res, stepAside, ...prepared });
  };
}
