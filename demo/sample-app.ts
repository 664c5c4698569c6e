// A small app to put behind the guard: one page that shows who is signed in, and what the request brought. It runs in the demo and, on the
// app's own image, in Compose; so it imports nothing but Node.js.
import { createServer } from 'node:http';

export interface SampleApp {
  readonly port: number;
  close(): Promise<void>;
}

export interface SampleAppOptions {
  readonly title: string;
  /** The desk's origin, which the page links to. */
  readonly desk: string;
  /** 0: any that is free. */
  readonly port?: number;
  readonly host?: string;
}

/** What the guard told the front, and the front this app. */
const told = ['remote-user', 'remote-email', 'remote-groups'] as const;

export async function startSampleApp({
  title,
  desk,
  port = 0,
  host = '127.0.0.1',
}: SampleAppOptions): Promise<SampleApp> {
  const server = createServer((req, res) => {
    req.resume();
    const rows: (readonly [string, string])[] = told.map((name) => [name, String(req.headers[name] ?? '')]);
    const names = (req.headers.cookie ?? '').split(';').map((part) => part.split('=')[0]?.trim() ?? '');
    const page = pageOf({
      title,
      desk,
      who: String(req.headers['remote-email'] ?? 'nobody'),
      rows: [...rows, ['address', `${req.method} ${req.url}`], ['cookies', names.filter(Boolean).join(', ')]],
    });
    res.writeHead(200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': 'no-store',
      'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    });
    res.end(page);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' ? (address?.port ?? port) : port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

interface PageProps {
  readonly title: string;
  readonly desk: string;
  readonly who: string;
  readonly rows: readonly (readonly [string, string])[];
}

function pageOf({ title, desk, who, rows }: PageProps): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(title)}</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1.5rem 0; }
th, td { text-align: left; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid color-mix(in srgb, currentcolor 20%, transparent); overflow-wrap: anywhere; }
th { font-weight: 600; white-space: nowrap; vertical-align: top; }
</style>
<h1>${text(title)}</h1>
<p>A sample app. It has no sign-in of its own: the guard says that you are <strong>${text(who)}</strong>.</p>
<table>
${rows.map(([name, value]) => `<tr><th>${text(name)}</th><td>${text(value || '–')}</td></tr>`).join('\n')}
</table>
<p><a href="${text(desk)}/apps">All apps</a> · <a href="/.gatehouse/sign-out">Sign out</a></p>
</html>
`;
}

function text(value: string): string {
  return value.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

if (import.meta.main) {
  const { TITLE: title = 'Sample', DESK: desk = 'http://localhost:4180', PORT = '8080' } = process.env;
  const app = await startSampleApp({ title, desk, port: Number(PORT), host: '0.0.0.0' });
  console.log(`${title} listens on ${app.port}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void app.close().then(() => process.exit(0)));
}
