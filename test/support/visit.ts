// Opens pages across sites as a browser would: the desk, the apps behind the guard, and the stand-in for Google.
import { type Answer, type Client, createClient } from './client.ts';

export interface Visit extends Answer {
  /** Where it ended. */
  readonly at: string;
  /** How often it came by the provider's account chooser. */
  readonly atGoogle: number;
  readonly hops: number;
}

const mostHops = 20;

/** @param sites the client of each origin that was visited, which keeps its cookies; others are added */
export async function visit(sites: Map<string, Client>, url: string, email: string): Promise<Visit> {
  let [at, atGoogle] = [url, 0];
  for (let hops = 0; ; hops++) {
    const asked = new URL(at);
    const site = sites.get(asked.origin) ?? createClient(asked.origin);
    sites.set(asked.origin, site);
    if (asked.pathname === '/auth') {
      atGoogle += 1;
      asked.searchParams.set('login_hint', email);
    }
    const answer = await site.ask(asked.href, { headers: { accept: 'text/html' } });
    const { status, location } = answer;
    if (hops >= mostHops || status < 300 || status >= 400 || location === undefined)
      return { ...answer, at, atGoogle, hops };
    at = new URL(location, at).href;
  }
}
