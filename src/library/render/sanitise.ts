// The second line of defence after the clean tree: sanitize-html with a short allow list. It must not change anything that the clean tree
// produces.
import sanitizeHtml from 'sanitize-html';

const hues = ['grey', 'red', 'yellow', 'green', 'teal', 'blue', 'purple'];
const tables = hues.map((hue) => `tint-${hue}`);
const inks = hues.map((hue) => `ink-${hue}`);
const indents = [1, 2, 3, 4, 5, 6].map((step) => `indent-${step}`);
const styled = ['center', 'right', ...inks, ...indents];

const options: sanitizeHtml.IOptions = {
  allowedTags: (
    'a abbr blockquote br caption cite code dd details div dl dt em figcaption figure h2 h3 h4 h5 h6 hr img kbd li mark ol p ' +
    'pre q s samp small span strong sub summary sup table tbody td th thead time tr u ul var'
  ).split(' '),
  allowedAttributes: {
    a: ['href', 'rel', 'target'],
    img: ['src', 'alt', 'width', 'height', { name: 'loading', values: ['lazy'] }],
    ol: ['start'],
    td: ['colspan', 'rowspan'],
    th: ['colspan', 'rowspan'],
    time: ['datetime'],
    ...Object.fromEntries(['h2', 'h3', 'h4', 'h5', 'h6', 'span'].map((name) => [name, ['id']])),
  },
  allowedClasses: {
    '*': styled,
    div: [
      ...'para table columns cell panel info note tip warning plain quiet toc task gallery'.split(' '),
      ...'two-equal two-left-sidebar two-right-sidebar three-equal three-with-sidebars four-equal five-equal'.split(
        ' ',
      ),
      ...styled,
    ],
    p: ['panel-title', 'what', ...styled],
    span: ['away', 'quiet', 'status', 'mention', 'box', 'title', 'language', ...hues, ...styled],
    ul: ['tasks', 'children', 'files'],
    li: ['done', ...[1, 2, 3, 4, 5, 6].map((level) => `level-${level}`)],
    details: ['expand', 'code'],
    figure: ['code'],
    img: ['thumbnail'],
    td: ['numbering', ...tables],
    th: ['numbering', ...tables],
  },
  disallowedTagsMode: 'discard',
  nestingLimit: 400,
  // Only the library's own pictures; nothing else that could be loaded. Links: `linkAttributes`.
  exclusiveFilter: ({ tag, attribs }) =>
    tag === 'img' && !/^\/library\/attachments\/[\w%.~-]{1,200}$/.test(attribs['src'] ?? ''),
  transformTags: {
    a: (tagName, { href = '' }) => ({ tagName, attribs: linkAttributes(href) }),
    '*': (tagName, { id, ...attribs }) => ({
      tagName,
      attribs: id?.startsWith('p-') ? { ...attribs, id } : attribs,
    }),
  },
};

function linkAttributes(href: string): Record<string, string> {
  if (href.startsWith('#p-')) return { href };
  if (/^(https?|mailto):/.test(href)) return { href, rel: 'noopener noreferrer', target: '_blank' };
  return /^(\/library\/|\.\/)/.test(href) ? { href, rel: 'noopener noreferrer', target: '_top' } : {};
}

export function sanitise(markup: string): string {
  return sanitizeHtml(markup, options);
}
