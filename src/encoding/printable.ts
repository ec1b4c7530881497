/**
 * Text that others may have written, made fit for a log, an error message or a terminal. Key ids, protocols and algorithms come
 * from storage: a line break in one forges a line of a log, an escape sequence steers a terminal, and invisible or
 * direction-changing characters make one id look like another.
 */

/** Characters that are shown of one text at most. */
const MAX_LENGTH = 256;
const ELLIPSIS = '…';

/** Controls, formats, lone surrogates, unassigned and private ones; separators but the space; what is drawn as nothing. */
const UNPRINTABLE = /\p{C}|(?! )\p{Z}|\p{Default_Ignorable_Code_Point}/gu;

/** Every character that does not show as itself, as `\uXXXX` like in JSON. Of any length. */
export const escaped = (text: string): string => text.replace(UNPRINTABLE, unitsOf);

/** The same, cut after 256 characters. */
export const printable = (text: string): string => cut(text, escaped);

/** The same in double quotes, as JSON has them, so that the text cannot pretend to be what stands around it. */
export const quoted = (text: string): string =>
  `"${cut(text, (character) => (/["\\]/.test(character) ? `\\${character}` : escaped(character)))}"`;

/** Looks no further than it shows, and ends between characters. */
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
