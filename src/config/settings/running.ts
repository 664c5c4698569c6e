// Settings of the groups “Running” and “Docker Compose”: addresses, ports, notices, logging.
import { isIP } from 'node:net';
import { z } from 'zod';
import { flag, httpUrl, port, wholeNumber } from '../schemas.ts';
import type { SettingRows } from '../setting.ts';

const host = z
  .string()
  .refine((text) => isIP(text) !== 0 || /^[a-z0-9.-]+$/i.test(text), 'must be an address or a host name');

export const running = {
  HOST: {
    schema: host,
    default: '127.0.0.1',
    about: 'The address that the app listens on.',
  },
  PORT: { schema: port, default: '3000', about: 'Its port.' },
  OPS_PORT: {
    schema: port,
    default: '9464',
    about: '`/livez`, `/readyz` and `/metrics`; never through the proxy.',
  },
  NOTIFY_WEBHOOK_URL: {
    schema: httpUrl,
    secret: true,
    about:
      'Where notices go when somebody signs in on a new device or a replaced cookie is used again: as JSON, or in the format of Slack or ntfy.',
  },
  NOTIFY_WEBHOOK_SECRET: {
    schema: z.string(),
    secret: true,
    about: 'Signs the notices: `X-Gatehouse-Signature: t=TIME,v1=HMAC-SHA256 of TIME.BODY`.',
  },
  DEV_MODE: {
    schema: flag,
    default: 'false',
    about:
      'No gate: everyone is `dev@localhost`, an operator. Works only on loopback and never with `NODE_ENV=production`.',
  },
  RATE_LIMIT: {
    schema: z.enum(['on', 'off']),
    default: 'on',
    about: '`off` only for measuring.',
  },
  RATE_LIMIT_NETWORK: {
    schema: wholeNumber(60, 1_000_000),
    default: '1200',
    about:
      'Requests that one network (an IPv4 address, or an IPv6 /56) may make in a minute. An office behind one address needs about 100 for each person.',
  },
  RATE_LIMIT_PERSON: {
    schema: wholeNumber(60, 1_000_000),
    default: '600',
    about: 'Requests that one person may make in a minute, on all devices together.',
  },
  RATE_LIMIT_CHANGES: {
    schema: wholeNumber(10, 1_000_000),
    default: '60',
    about: 'Changes that one person may make in a minute; also new choices of visitors from one network.',
  },
  LOG_LEVEL: {
    schema: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
    default: 'info',
    about: '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`; JSON lines on standard output.',
  },
} as const satisfies SettingRows;

export const dockerCompose = {
  COMPOSE_PROFILES: {
    schema: z.string(),
    about:
      '`redis` keeps the sessions of the app and of oauth2-proxy in Redis; `guard` does too, and adds two sample apps behind the guard; empty for SQLite and cookies.',
    example: 'redis',
  },
  GATE_PORT: {
    schema: port,
    default: '4180',
    about: 'The port on this machine’s loopback where the gate listens.',
  },
  APPS_PORT: {
    schema: port,
    default: '4181',
    about: 'The port on this machine’s loopback where the front of the sample apps listens.',
  },
  REDIS_PASSWORD: {
    schema: z.string(),
    secret: true,
    about: 'The password of the Redis that `docker compose` starts: 32 characters or more.',
    example: 'changeme',
  },
} as const satisfies SettingRows;
