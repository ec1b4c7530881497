/** JSON as writers of encryption data format it. Only known members are copied, so a planted `__proto__` has no effect. */

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Levels of nested values. No writer uses more than a few, and writing thousands of them would overflow the stack. */
const MOST_LEVELS = 1000;

/** The parsed object, or `null` if the text is not JSON, contains another kind of value, or is nested too deeply. */
export function parseObject(text: string): JsonObject | null {
  // a level takes two characters, so most texts need no check
  if (text.length > 2 * MOST_LEVELS && levelsIn(text) > MOST_LEVELS) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** What a character of JSON, outside of strings, adds to the level. */
export const LEVEL_STEPS: ReadonlyMap<string, number> = new Map([
  ['{', 1],
  ['[', 1],
  ['}', -1],
  [']', -1],
]);

/** The deepest level, in one pass over text that may not be JSON. */
function levelsIn(text: string): number {
  let level = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '"') at = endOfString(text, at) - 1;
    level += LEVEL_STEPS.get(character) ?? 0;
    deepest = Math.max(deepest, level);
  }
  return deepest;
}

/** The place after the closing quote of the string that starts here. */
export function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '"') return at + 1;
    if (character === '\\') at += 1;
  }
  return text.length;
}

/** The member with that name, or else the one whose name differs only in letter case. */
export function member(object: JsonObject, name: string): unknown {
  if (Object.hasOwn(object, name)) return object[name];
  const lower = name.toLowerCase();
  const found = Object.keys(object).find((key) => key.toLowerCase() === lower);
  return found === undefined ? undefined : object[found];
}

/** Reads members by path, in any letter case. Returns `undefined` if there is none. */
export const fieldReader =
  (root: JsonObject) =>
  (...path: readonly string[]): unknown => {
    let value: unknown = root;
    for (const name of path) value = isObject(value) ? member(value, name) : undefined;
    return value;
  };

/** Compact JSON in ASCII. It travels in HTTP headers, where other characters break the signature. */
export const toAsciiJson = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** Text that is the same in JSON. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** A text as JSON in ASCII. Most texts only need their quotes. */
export const quoted = (text: string): string => (PLAIN.test(text) ? `"${text}"` : toAsciiJson(text));
