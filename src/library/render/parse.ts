// Parses Confluence's storage format into a tree. Accepts anything and never throws; time is linear in the text's length.
import { Parser } from 'htmlparser2';
import type { Element, Node } from './tree.ts';

/** Characters per body; a long handbook has a tenth of this. */
const lengthLimit = 1_000_000;
const nodeLimit = 150_000;
/** Nesting levels. The parser walks up its stack at each end tag, so unlimited depth would take quadratic time. */
const depthLimit = 200;

export type Parsed =
  | { readonly kind: 'tree'; readonly nodes: readonly Node[] }
  | { readonly kind: 'too-long' | 'too-deep' };

interface Open extends Element {
  readonly children: Node[];
}

export function parseStorage(text: string): Parsed {
  if (text.length > lengthLimit) return { kind: 'too-long' };
  const top: Open = { name: '', attributes: {}, children: [] };
  const open: Open[] = [top];
  let stopped: 'too-long' | 'too-deep' | undefined;
  let count = 0;
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        const node: Open = { name, attributes, children: [] };
        open.at(-1)?.children.push(node);
        open.push(node);
        count++;
        if (open.length > depthLimit) stopped ??= 'too-deep';
        else if (count > nodeLimit) stopped ??= 'too-long';
        if (stopped) parser.reset();
      },
      ontext(data) {
        const siblings = open.at(-1)?.children;
        const last = siblings?.at(-1);
        if (typeof last === 'string') siblings?.splice(-1, 1, last + data);
        else siblings?.push(data);
      },
      onclosetag() {
        if (open.length > 1) open.pop();
      },
    },
    // XML mode would not decode `&nbsp;`; plain HTML mode would lose CDATA and `<ri:page/>`.
    { recognizeCDATA: true, recognizeSelfClosing: true },
  );
  const plain = text.toWellFormed().replaceAll('\0', '');
  // In chunks, so that the parser can be stopped between them.
  for (let at = 0; at < plain.length && !stopped; at += 10_000) parser.write(plain.slice(at, at + 10_000));
  if (!stopped) parser.end();
  return stopped ? { kind: stopped } : { kind: 'tree', nodes: top.children };
}
