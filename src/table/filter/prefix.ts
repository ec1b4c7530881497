/** Where the strings with a prefix end, in the order of the service: by UTF-16 units. */

const LAST_BEFORE_SURROGATES = 0xd7ff;
const FIRST_AFTER_SURROGATES = 0xe000;
const FIRST_PAIR = 0x10000;
const LAST_PAIR = 0x10ffff;
const LAST_UNIT = 0xffff;

/** The first string after all that begin with the prefix; `null` if there is none. */
export function endOfPrefix(prefix: string): string | null {
  const characters = Array.from(prefix);
  for (let last = characters.pop(); last !== undefined; last = characters.pop()) {
    const next = characterAfter(last.codePointAt(0) ?? LAST_UNIT);
    if (next !== null) return characters.join('') + String.fromCodePoint(next);
  }
  return null;
}

/** Surrogate pairs sort between U+D7FF and U+E000. */
function characterAfter(code: number): number | null {
  if (code === LAST_UNIT) return null;
  if (code === LAST_BEFORE_SURROGATES) return FIRST_PAIR;
  return code === LAST_PAIR ? FIRST_AFTER_SURROGATES : code + 1;
}
