/** JSON as writers of encryption data format it. Only known members are copied, so a planted `__proto__` has no effect. */

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The parsed object, or `null` if the text is not JSON or contains another kind of value. */
export function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
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
  (...path: readonly string[]): unknown =>
    path.reduce<unknown>((value, name) => (isObject(value) ? member(value, name) : undefined), root);

/** Compact JSON in ASCII. It travels in HTTP headers, where other characters break the signature. */
export const toAsciiJson = (value: unknown): string => toAscii(JSON.stringify(value));

/** The same JSON with other characters as escapes. */
export const toAscii = (json: string): string =>
  json.replace(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
