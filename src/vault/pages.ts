// GET /vault and its forms: load, load-file, test, clear, rekey. The wiring admits only operators. A single page covers every reason why
// the vault does not open.

import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { type VaultDone, type VaultProps, vault as vaultPage } from '../../views/vault.ts';
import { vaultClear, vaultGone, vaultRekey, vaultUnavailable } from '../../views/vault-confirm.ts';
import type { Recorder } from '../audit/recorder.ts';
import { HttpError } from '../http/errors.ts';
import { emptyForm, parseInput, tokenField } from '../http/form.ts';
import { pageFrame, sendPage } from '../http/page.ts';
import { personOf } from '../http/person.ts';
import type { EntryView, Load, Vault } from './contract.ts';
import { loadCookieFile } from './cookie-file.ts';

/** Sends one request to the service with the cookies in the vault. */
export interface ConnectionTest {
  run(): Promise<{ readonly ok: true } | { readonly ok: false; readonly reason: string }>;
  /** The sentence for a reason, which comes from a fixed set of words. */
  wordsFor(reason: string): string;
}

export interface VaultPagesOptions {
  readonly vault: Vault;
  readonly recorder: Recorder;
  /** CONFLUENCE_URL; undefined: nothing can be loaded. */
  readonly target: URL | undefined;
  readonly cookieFile: string;
  /** Absent: the page offers no test. */
  readonly testConnection?: ConnectionTest;
  /** Milliseconds. */
  readonly now: () => number;
}

const loadForm = z.strictObject({ ...tokenField, text: z.string() });
const idForm = z.strictObject({ ...tokenField, id: z.string().min(1).max(64) });
const idQuery = z.object({ id: z.string().min(1).max(64) });

export function showVault(options: VaultPagesOptions): RequestHandler {
  return async (req, res) => {
    const done = doneOf(req, options);
    await sendVault(req, res, options, done && { done });
  };
}

export function loadPasted(options: VaultPagesOptions): RequestHandler {
  return async (req, res) => {
    const { text } = parseInput(loadForm, req.body);
    const outcome = await options.vault.load(text, loadOf(options, res, 'page'));
    if (outcome.kind === 'loaded') res.redirect(303, `/vault?done=loaded&left=${outcome.leftOut}`);
    else if (outcome.kind === 'refused') {
      res.status(400);
      await sendVault(req, res, options, { refused: { why: outcome.why, from: 'page' } });
    } else sendUnavailable(req, res);
  };
}

export function loadFromFile(options: VaultPagesOptions): RequestHandler {
  return async (req, res) => {
    parseInput(emptyForm, req.body);
    const { cookieFile: path, vault, recorder, now } = options;
    const outcome = await loadCookieFile({ path, vault, recorder, now }, loadOf(options, res, 'file'));
    switch (outcome.kind) {
      case 'loaded':
        res.redirect(303, `/vault?done=loaded&left=${outcome.leftOut}&emptied=${outcome.emptied === 'yes'}`);
        return;
      case 'made':
        res.redirect(303, '/vault?done=made');
        return;
      case 'refused':
      case 'file':
        res.status(outcome.kind === 'file' ? 503 : 400);
        await sendVault(req, res, options, {
          refused: { why: outcome.kind === 'file' ? 'file' : outcome.why, from: 'file' },
        });
        return;
      case 'off':
      case 'closed':
        sendUnavailable(req, res);
    }
  };
}

export function testVault(options: VaultPagesOptions): RequestHandler {
  return async (req, res) => {
    parseInput(emptyForm, req.body);
    if (!options.testConnection) throw new HttpError('not_found');
    const found = await options.testConnection.run();
    res.redirect(303, `/vault?test=${found.ok ? 'works' : encodeURIComponent(found.reason)}`);
  };
}

export function confirmClear(options: VaultPagesOptions): RequestHandler {
  return async (req, res) => {
    const { id } = parseInput(idQuery, req.query);
    const status = await options.vault.status();
    if (status.kind === 'closed' || status.kind === 'off') {
      sendUnavailable(req, res);
      return;
    }
    const entry = status.kind === 'open' ? status.entries.find((one) => one.id === id) : undefined;
    if (!entry) res.status(404);
    sendPage(
      res,
      entry ? vaultClear(pageFrame(req, res), clearPropsOf(entry)) : vaultGone(pageFrame(req, res)),
    );
  };
}

export function clearEntry(options: VaultPagesOptions): RequestHandler {
  return async (req, res) => {
    const { id } = parseInput(idForm, req.body);
    answer(req, res, await options.vault.clear({ id }, personOf(res)), 'cleared');
  };
}

export const confirmRekey: RequestHandler = (req, res) => sendPage(res, vaultRekey(pageFrame(req, res)));

export function rekeyVault(options: VaultPagesOptions): RequestHandler {
  return async (req, res) => {
    parseInput(emptyForm, req.body);
    answer(req, res, await options.vault.replaceDataKey(personOf(res)), 'rekeyed');
  };
}

function answer(
  req: Request,
  res: Response,
  outcome: Awaited<ReturnType<Vault['clear']>>,
  done: string,
): void {
  if (typeof outcome === 'object') sendUnavailable(req, res);
  else res.redirect(303, `/vault?done=${outcome === 'done' ? done : 'nothing'}`);
}

async function sendVault(
  req: Request,
  res: Response,
  { vault, target, cookieFile, testConnection, now }: VaultPagesOptions,
  more: Pick<VaultProps, 'done' | 'refused'> | undefined,
): Promise<void> {
  const status = await vault.status();
  const props: VaultProps = {
    now: now(),
    vault: status.kind === 'closed' ? { kind: 'closed' } : status,
    service: target && { url: target.href, host: target.host },
    cookieFile,
    canTest: testConnection !== undefined,
    ...more,
  };
  sendPage(res, vaultPage(pageFrame(req, res), props));
}

/** The same for every reason (ASVS 11.2.5); the record and the terminal give details. */
function sendUnavailable(req: Request, res: Response): void {
  res.status(503);
  sendPage(res, vaultUnavailable(pageFrame(req, res)));
}

function loadOf({ target }: VaultPagesOptions, res: Response, source: Load['source']): Load {
  if (!target) throw new HttpError('not_found');
  const { id, email } = personOf(res);
  return { owner: { id, name: email }, target, source, by: { id, email } };
}

function clearPropsOf({ id, host, ownerName, names }: EntryView) {
  return { id, host, ownerName, cookies: names.length };
}

function doneOf({ query }: Request, { testConnection }: VaultPagesOptions): VaultDone | undefined {
  const { done, left, emptied, test } = query;
  if (test === 'works') return { kind: 'works' };
  if (typeof test === 'string' && testConnection)
    return { kind: 'fails', why: testConnection.wordsFor(test) };
  if (done === 'made' || done === 'cleared' || done === 'nothing' || done === 'rekeyed')
    return { kind: done };
  if (done !== 'loaded') return undefined;
  const leftOut = typeof left === 'string' && /^\d{1,4}$/.test(left) ? Number(left) : 0;
  return { kind: 'loaded', leftOut, ...(typeof emptied === 'string' && { emptied: emptied === 'true' }) };
}
