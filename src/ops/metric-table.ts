// Every metric, in one table: the registry, the document and the tests are derived from it. All label values are from closed sets: no
// person, handle, path or address can become one (invariant 10).
import { events } from '../audit/events.ts';
import type { Store } from '../store/contract.ts';
import type { EndReason } from '../store/contract-sessions.ts';

export interface MetricRow {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** By label name, every value it can have; an empty list: one value for the life of a process. */
  readonly labels?: Readonly<Record<string, readonly string[]>>;
  /** For a histogram: the upper bounds, in the unit of its name. */
  readonly buckets?: readonly number[];
}

const endReasons = Object.keys({
  idle: 0,
  expired: 0,
  signed_out: 0,
  person_changed: 0,
  revoked: 0,
  revoked_by_operator: 0,
  replayed: 0,
  too_many: 0,
  device_changed: 0,
  gate_limit: 0,
  superseded: 0,
  access_removed: 0,
  erased: 0,
} satisfies Record<EndReason, 0>);

type Operations = { readonly [T in keyof Store]?: readonly (keyof Store[T])[] };

/** The operations of the store that are measured, by table. */
export const storeOperations = {
  sessions: [
    'create',
    'read',
    'readMany',
    'update',
    'touch',
    'rotate',
    'successorSeen',
    'end',
    'findByHandle',
    'ofPerson',
    'page',
    'countLive',
  ],
  visitors: ['read', 'choose', 'retire'],
  people: ['read', 'signIn', 'choose'],
  claims: ['claim', 'release'],
  notes: ['write', 'writeEnding', 'read', 'remove'],
  counters: ['add', 'raise', 'read'],
  record: ['append', 'appendOnce', 'head', 'anchor', 'after', 'before', 'prune'],
} as const satisfies Operations;

/** `sessions.successorSeen` as a label: `sessions_successor_seen`. */
export const operationLabel = (table: string, operation: string) =>
  `${table}_${operation.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;

/** Which part of the site a request is for; `other`: no known route. */
export const routeClasses = ['public', 'assets', 'health', 'member', 'operator', 'api', 'other'] as const;
export type RouteClass = (typeof routeClasses)[number];

export const statusClasses = ['2xx', '3xx', '4xx', '5xx', 'cut'] as const;

export const metricTable = {
  gatehouse_build_info: {
    type: 'gauge',
    help: 'Always 1; the version of the program and of Node.js.',
    labels: { version: [], node: [] },
  },
  gatehouse_sign_ins_total: {
    type: 'counter',
    help: 'Sign-ins: done; denied, because the identity could not be read; ended, because it had been ended here while the gate still let it in; failed, because the record could not be written.',
    labels: { outcome: ['done', 'denied', 'ended', 'failed'] },
  },
  gatehouse_sessions_live: { type: 'gauge', help: 'Sessions that are live in the store.' },
  gatehouse_sessions_created_total: { type: 'counter', help: 'Sessions that began.' },
  gatehouse_sessions_ended_total: {
    type: 'counter',
    help: 'Sessions that ended, by reason; without those that expire unused.',
    labels: { reason: [...endReasons, 'other'] },
  },
  gatehouse_session_rotations_total: { type: 'counter', help: 'Session ids that were replaced.' },
  gatehouse_session_replays_total: {
    type: 'counter',
    help: 'Session ids that were used after they had been replaced: a stolen cookie, most likely.',
  },
  gatehouse_csrf_rejections_total: {
    type: 'counter',
    help: 'Changes that were refused: from another site, or without their token.',
    labels: { reason: ['origin', 'token', 'other'] },
  },
  gatehouse_proof_rejections_total: {
    type: 'counter',
    help: 'Requests that claimed an identity without the gate’s proof, or whose session at the gate names another person.',
    labels: { reason: ['proof', 'another_person'] },
  },
  gatehouse_guard_checks_total: {
    type: 'counter',
    help: 'Requests to apps behind the guard, by the answer: admitted; public; why the person must come by the desk (no-session to moved); why not even then (not-allowed to too-many-requests); unavailable, because the store did not answer.',
    labels: {
      outcome: [
        ...['admitted', 'public', 'no-session', 'ended', 'replayed', 'idle', 'expired', 'renew', 'moved'],
        ...['not-allowed', 'not-listed', 'unknown-app', 'wrong-host', 'too-many-requests', 'unavailable'],
      ],
    },
  },
  gatehouse_cookie_errors_total: {
    type: 'counter',
    help: 'Session cookies that were not accepted: sent twice, or not signed with one of our keys.',
    labels: { kind: ['ambiguous', 'unsigned'] },
  },
  gatehouse_events_total: {
    type: 'counter',
    help: 'Events that were reported to the record, by name.',
    labels: { event: Object.keys(events) },
  },
  gatehouse_record_refusals_total: {
    type: 'counter',
    help: 'Changes that were refused because the record could not be written.',
  },
  gatehouse_record_waiting_entries: {
    type: 'gauge',
    help: 'Entries that are not yet in the record.',
  },
  gatehouse_record_last_write_timestamp_seconds: {
    type: 'gauge',
    help: 'When the record was last written.',
  },
  gatehouse_record_file_behind_entries: {
    type: 'gauge',
    help: 'Entries that are missing from the record’s file until it can be written again.',
  },
  gatehouse_store_up: { type: 'gauge', help: '1 if the store answers, else 0.' },
  gatehouse_store_writable: {
    type: 'gauge',
    help: '1 if the store accepted a change just now, else 0: a full disk or a read-only Redis still answers.',
  },
  gatehouse_store_ping_seconds: { type: 'gauge', help: 'How long the store took to answer just now.' },
  gatehouse_store_failures_total: {
    type: 'counter',
    help: 'Operations of the store that failed.',
  },
  gatehouse_store_duration_seconds: {
    type: 'histogram',
    help: 'How long operations of the store took.',
    labels: {
      operation: Object.entries(storeOperations).flatMap(([table, operations]) =>
        operations.map((operation) => operationLabel(table, operation)),
      ),
    },
    buckets: [0.0005, 0.001, 0.0025, 0.01, 0.05, 0.25, 1],
  },
  gatehouse_redis_up: {
    type: 'gauge',
    help: '1 if that Redis answers, else 0: the store’s own, and the gate’s.',
    labels: { role: ['store', 'gate'] },
  },
  gatehouse_redis_ping_seconds: {
    type: 'gauge',
    help: 'How long that Redis took to answer just now.',
    labels: { role: ['store', 'gate'] },
  },
  gatehouse_event_loop_delay_p50_seconds: {
    type: 'gauge',
    help: 'Event loop delay over the last minute: the median.',
  },
  gatehouse_event_loop_delay_p99_seconds: {
    type: 'gauge',
    help: 'Event loop delay over the last minute: the 99th percentile.',
  },
  gatehouse_event_loop_delay_max_seconds: {
    type: 'gauge',
    help: 'Event loop delay over the last minute: the maximum.',
  },
  gatehouse_http_requests_total: {
    type: 'counter',
    help: 'Requests, by the part of the site and the class of the status; cut: the client disconnected before an answer.',
    labels: { route: routeClasses, status: statusClasses },
  },
  gatehouse_http_request_duration_seconds: {
    type: 'histogram',
    help: 'From a request’s headers to the end of its answer.',
    labels: { route: routeClasses },
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
  },
  gatehouse_process_cpu_seconds_total: { type: 'counter', help: 'CPU time of the process.' },
  gatehouse_process_resident_memory_bytes: { type: 'gauge', help: 'Memory of the process.' },
  gatehouse_process_heap_used_bytes: { type: 'gauge', help: 'Memory that JavaScript objects take.' },
  gatehouse_process_start_time_seconds: { type: 'gauge', help: 'When the process started.' },
} as const satisfies Record<`gatehouse_${string}`, MetricRow>;

type Table = typeof metricTable;
type NamesOf<T extends MetricRow['type']> = {
  [N in keyof Table]: Table[N]['type'] extends T ? N : never;
}[keyof Table];

export type CounterName = NamesOf<'counter'>;
export type GaugeName = NamesOf<'gauge'>;
export type HistogramName = NamesOf<'histogram'>;
