// Confluence's small pictures, as characters: nothing is loaded for them.
import { attribute, type Element } from './tree.ts';

const characters: Readonly<Record<string, string>> = {
  smile: '🙂',
  sad: '🙁',
  cheeky: '😛',
  laugh: '😀',
  wink: '😉',
  'thumbs-up': '👍',
  'thumbs-down': '👎',
  information: 'ℹ️',
  tick: '✅',
  cross: '❌',
  warning: '⚠️',
  plus: '➕',
  minus: '➖',
  question: '❓',
  'light-on': '💡',
  'light-off': '💡',
  'yellow-star': '⭐',
  'red-star': '⭐',
  'green-star': '⭐',
  'blue-star': '⭐',
  heart: '❤️',
  'broken-heart': '💔',
};

/** `<ac:emoticon>`: the character that Cloud names, else the one of the old name, else the name. */
export function emoticon(node: Element): string {
  const fallback = attribute(node, 'ac:emoji-fallback') ?? '';
  // A character, or a few that are joined; a word would be `:custom:`, a picture that is not at hand.
  if (fallback.length > 0 && fallback.length <= 16 && /^[^\s\w<>]+$/u.test(fallback)) return fallback;
  const name = attribute(node, 'ac:name') ?? '';
  if (Object.hasOwn(characters, name)) return characters[name] ?? '';
  const short = attribute(node, 'ac:emoji-shortname') ?? name;
  return /^:?[\w+-]{1,40}:?$/.test(short) ? `:${short.replaceAll(':', '')}:` : '';
}
