// Confluence's emoticons as characters: nothing is loaded for them.
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

/** `<ac:emoticon>`: the character that Cloud gives, else the one for the old name, else the name. */
export function emoticon(node: Element): string {
  const fallback = attribute(node, 'ac:emoji-fallback') ?? '';
  // One character, or a few joined ones; a word would be `:custom:`, a picture that is not available.
  if (fallback.length > 0 && fallback.length <= 16 && /^[^\s\w<>]+$/u.test(fallback)) return fallback;
  const name = attribute(node, 'ac:name') ?? '';
  if (Object.hasOwn(characters, name)) return characters[name] ?? '';
  const short = attribute(node, 'ac:emoji-shortname') ?? name;
  return /^:?[\w+-]{1,40}:?$/.test(short) ? `:${short.replaceAll(':', '')}:` : '';
}
