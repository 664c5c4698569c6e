// Styles, scripts and pictures from `public/`, held in memory under names that contain a hash of their content.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { RequestHandler } from 'express';
import { notFound, onlyMethods } from './errors.ts';

const types: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
};

export interface Assets {
  /** `/assets/gatehouse.3f2a….css` for `gatehouse.css`. @throws where there is no such file: a page names a wrong one. */
  readonly path: (name: string) => string;
  /** Answers `/assets/…`; unknown names are 404. */
  readonly serve: RequestHandler;
}

/** Reads every file of `folder` that browsers may have, once. Stylesheets include what they import. */
export function loadAssets(folder: string): Assets {
  const paths = new Map<string, string>();
  const files = new Map<string, { readonly type: string; readonly body: Buffer }>();
  for (const name of readdirSync(folder)) {
    const type = types[extname(name)];
    if (!type) continue;
    const body = type === types['.css'] ? joinedStyles(folder, name) : readFileSync(join(folder, name));
    const hash = createHash('sha256').update(body).digest('hex').slice(0, 12);
    const path = `/assets/${name.replace(/\.[^.]+$/, '')}.${hash}${extname(name)}`;
    paths.set(name, path);
    files.set(path, { type, body });
  }
  const refuse = onlyMethods('GET');
  return {
    path(name) {
      const path = paths.get(name);
      if (!path) throw new Error(`no file ${name} in public/`);
      return path;
    },
    serve(req, res, next) {
      if (req.method !== 'GET' && req.method !== 'HEAD') return refuse(req, res, next);
      const file = files.get(req.path);
      if (!file) return notFound(req, res, next);
      res.setHeader('Content-Type', file.type);
      res.setHeader('Content-Length', file.body.length);
      res.setHeader('Cache-Control', 'public, max-age=31536000, immutable');
      res.end(req.method === 'HEAD' ? undefined : file.body);
    },
  };
}

/**
 * A stylesheet with each `@import "file" layer(name);` replaced by that file, so that browsers make one request.
 * @throws where a file is missing, or an import has another form: the browser would ask for an address that does not exist.
 */
function joinedStyles(folder: string, name: string): Buffer {
  const text = readFileSync(join(folder, name), 'utf8');
  const joined = text.replace(
    /^@import "([\w/-]+\.css)" layer\((\w+)\);$/gm,
    (_, file: string, layer: string) => `@layer ${layer} {\n${readFileSync(join(folder, file), 'utf8')}}`,
  );
  if (joined.includes('@import')) throw new Error(`public/${name} holds an @import of another form`);
  return Buffer.from(joined);
}
