// The apps file as a document that can be edited: comments, their places and the order of everything stay.
import { type Document, isMap, parseDocument, type ToStringOptions } from 'yaml';

/** A file that does not exist yet. */
export const newAppsFile = `# The apps behind the guard, and who may use them. A change counts from the next request on.

groups: {}
apps: {}
`;

/** @param text of a valid apps file (`readApps`) */
export function editableApps(text: string): Document {
  // Keys are names, also `2048`.
  const document = parseDocument(text, { stringKeys: true });
  for (const key of ['groups', 'apps']) {
    const part = document.get(key);
    // What is added to `{}` shall not stand on one line.
    if (isMap(part) && part.items.length === 0) part.flow = false;
  }
  return document;
}

/** The document as text, as far as possible in the form of the text that it was. Always ends with a line ending. */
export function appsText(document: Document, former: string): string {
  const text = document.toString(formOf(former));
  return former.includes('\r\n') ? text.replaceAll('\n', '\r\n') : text;
}

function formOf(text: string): ToStringOptions {
  const indent = /^( +)\S/m.exec(text)?.[1]?.length ?? 2;
  return {
    lineWidth: 0,
    indent: indent > 8 ? 2 : indent,
    flowCollectionPadding: !/\[[^\s\]]/.test(text),
    indentSeq: !/^( *)[^\s#-].*:[ \t]*\r?\n\1- /m.test(text),
  };
}
