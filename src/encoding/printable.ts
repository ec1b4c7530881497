/**
 * Makes text from other writers safe for a log, an error message or a terminal. Key ids, protocols and algorithms come from
 * storage: a line break in them could forge a log line, an escape sequence could control a terminal, and invisible or
 * direction-changing characters could make one id look like another.
 */

/** Maximum number of characters of a text that are shown. */
const MAX_LENGTH = 256;
const ELLIPSIS = '…';

/**
 * Control, format, unassigned and private-use characters, lone surrogates, separators except the space, and invisible characters.
 */
const UNPRINTABLE = /\p{C}|(?! )\p{Z}|\p{Default_Ignorable_Code_Point}/gu;

/** The text with every unprintable character as `\uXXXX`, as in JSON. Any length. */
export const escaped = (text: string): string => text.replace(UNPRINTABLE, unitsOf);

/** The same, cut after 256 characters. */
export const printable = (text: string): string => cut(text, escaped);

/** The same in double quotes, escaped as in JSON, so that the text cannot imitate the text around it. */
export const quoted = (text: string): string =>
  `"${cut(text, (character) => (/["\\]/.test(character) ? `\\${character}` : escaped(character)))}"`;

/** Indented JSON, with unprintable characters escaped. */
export const printableJson = (value: unknown): string =>
  `${JSON.stringify(value, null, 2).split('\n').map(escaped).join('\n')}\n`;

/** Reads only what it shows, and cuts between characters. */
function cut(text: string, show: (character: string) => string): string {
  let shown = '';
  for (const character of text) {
    const next = show(character);
    if (shown.length + next.length > MAX_LENGTH) return shown + ELLIPSIS;
    shown += next;
  }
  return shown;
}

const unitsOf = (character: string): string =>
  [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('');
