// Settings of the groups “Running” and “Docker Compose”: addresses, ports, notices, logging.
import { isIP } from 'node:net';
import { z } from 'zod';
import { flag, httpUrl, port } from '../schemas.ts';
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
      '`redis` keeps the sessions of the app and of oauth2-proxy in Redis; empty for SQLite and cookies.',
    example: 'redis',
  },
  GATE_PORT: {
    schema: port,
    default: '4180',
    about: 'The port on this machine’s loopback where the gate listens.',
  },
  REDIS_PASSWORD: {
    schema: z.string(),
    secret: true,
    about: 'The password of the Redis that `docker compose` starts: 32 characters or more.',
    example: 'changeme',
  },
} as const satisfies SettingRows;
