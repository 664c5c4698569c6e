// A strict parser of markup: anything that is not exactly what the library may write is a fault.

const elements: Readonly<Record<string, readonly string[]>> = {
  a: ['href', 'rel', 'target'],
  img: ['src', 'alt', 'width', 'height', 'loading', 'class'],
  ol: ['start'],
  td: ['colspan', 'rowspan', 'class'],
  th: ['colspan', 'rowspan', 'class'],
  time: ['datetime'],
  span: ['id', 'class'],
};
const plain =
  'abbr blockquote br caption cite code dd details div dl dt em figcaption figure h2 h3 h4 h5 h6 hr kbd li mark p pre q s samp small strong sub summary sup table tbody thead tr u ul var'.split(
    ' ',
  );
const voids = new Set(['br', 'hr', 'img']);

/** @returns every fault */
export function faultsOf(markup: string): string[] {
  const faults: string[] = [];
  const open: string[] = [];
  const ids = new Set<string>();
  const token = /<(\/?)([a-z][a-z0-9]*)((?: [a-z-]+="[^"<>]*")*)( \/)?>|([^<>]+)|([\s\S])/gy;
  for (const [whole, close, name = '', attributes = '', selfClosed, text, odd] of markup.matchAll(token)) {
    if (odd !== undefined) faults.push(`a lone ${odd} near ${markup.slice(markup.indexOf(whole), 40)}`);
    if (text !== undefined) {
      if (/&(?!amp;|lt;|gt;|quot;)/.test(text)) faults.push(`a bare & in ${text.slice(0, 40)}`);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be there
      if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.test(text)) faults.push('a control character');
      if (!text.isWellFormed()) faults.push('half a character');
    }
    if (name === '') continue;
    const allowed =
      elements[name] ?? (plain.includes(name) ? ['class', ...(/^h\d$/.test(name) ? ['id'] : [])] : undefined);
    if (!allowed) faults.push(`<${name}>`);
    if (close) {
      if (open.pop() !== name) faults.push(`</${name}> closes something else`);
      continue;
    }
    if ((selfClosed !== undefined) !== voids.has(name)) faults.push(`<${name}> is void or not`);
    if (name === 'a' && open.includes('a')) faults.push('a link in a link');
    if (!voids.has(name)) open.push(name);
    for (const [, key = '', value = ''] of attributes.matchAll(/ ([a-z-]+)="([^"]*)"/g)) {
      if (!allowed?.includes(key)) faults.push(`${key} on <${name}>`);
      if (key === 'href' && !/^(https?:\/\/|mailto:|\/library\/|\.\/|#p-)/.test(value))
        faults.push(`href ${value}`);
      if (key === 'src' && !value.startsWith('/library/attachments/')) faults.push(`src ${value}`);
      if (key === 'class' && !/^[a-z0-9 -]+$/.test(value)) faults.push(`class ${value}`);
      if (key === 'id' && (!value.startsWith('p-') || ids.has(value))) faults.push(`id ${value}`);
      if (key === 'id') ids.add(value);
      if (key === 'target' && value !== '_top' && value !== '_blank') faults.push(`target ${value}`);
    }
  }
  if (open.length > 0) faults.push(`left open: ${open.join(' ')}`);
  return faults;
}
