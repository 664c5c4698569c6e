// The few clauses of Confluence's query language that a sync uses, as Atlassian documents them.
import type { Attachment, Content, Page } from './confluence-content.ts';

const dayMs = 86_400_000;

type Found = { readonly page: Page } | { readonly file: Attachment; readonly page: Page };

/** @returns undefined for a query that cannot be read, which Confluence answers with 400 */
export function search(cql: string, content: Content, now: number): Found[] | undefined {
  const clauses = cql.split(' and ').map((text) => clause(text.trim(), content, now));
  const [type, ...rest] = clauses;
  if (!type || clauses.includes(undefined)) return undefined;
  const every = (found: Found) => clauses.every((fits) => fits?.(found));
  const live = [...content.pages.values()].filter((page) => page.status === 'current');
  const files = [...content.attachments.values()].flatMap((file): Found[] => {
    const page = content.pages.get(file.page);
    return page?.status === 'current' ? [{ file, page }] : [];
  });
  return rest.length === 0 ? [] : [...live.map((page) => ({ page })), ...files].filter(every);
}

function clause(text: string, content: Content, now: number): ((found: Found) => boolean) | undefined {
  const one = /^(\w+)\s*=\s*(.+)$/.exec(text);
  const many = /^(\w+) in \((.+)\)$/.exec(text);
  const since = /^lastmodified >= now\("-(\d+)d"\)$/.exec(text);
  if (since) {
    const from = now - Number(since[1]) * dayMs;
    return (found) => ('file' in found ? found.file.updatedAt : found.page.updatedAt) >= from;
  }
  const field = one?.[1] ?? many?.[1];
  const values = (one ? [one[2] ?? ''] : (many?.[2]?.split(',') ?? [])).map(unquoted);
  switch (field ?? '') {
    case 'type':
      return (found) => values.includes('file' in found ? 'attachment' : 'page');
    case 'space':
      return ({ page }) => values.includes(page.space);
    case 'id':
      return (found) => values.includes('file' in found ? found.file.id : found.page.id);
    case 'container':
      return (found) => 'file' in found && values.includes(found.file.page);
    case 'ancestor':
      return (found) =>
        !('file' in found) && ancestorsOf(found.page, content).some(({ id }) => values.includes(id));
    default:
      return undefined;
  }
}

function unquoted(value: string): string {
  return value
    .trim()
    .replace(/^"(.*)"$/s, '$1')
    .replace(/\\(.)/g, '$1');
}

/** From the top to the parent. */
export function ancestorsOf(page: Page, content: Content): Page[] {
  const found: Page[] = [];
  for (let up = page.parent; up !== null && found.length < 100; ) {
    const parent = content.pages.get(up);
    if (!parent) break;
    found.unshift(parent);
    up = parent.parent;
  }
  return found;
}
