/** JSON as writers of encryption data spell it. Known members only are copied, so a planted `__proto__` stays inert. */

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The object that the text holds, or `null` if it is no JSON or another kind of value. */
export function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** The member of that name; failing that, the one whose name differs in letter case alone. */
export function member(object: JsonObject, name: string): unknown {
  if (Object.hasOwn(object, name)) return object[name];
  const lower = name.toLowerCase();
  const found = Object.keys(object).find((key) => key.toLowerCase() === lower);
  return found === undefined ? undefined : object[found];
}

/** Reads members by their path, whatever the letter case of their names; `undefined` where there is none. */
export const fieldReader =
  (root: JsonObject) =>
  (...path: readonly string[]): unknown =>
    path.reduce<unknown>((value, name) => (isObject(value) ? member(value, name) : undefined), root);

/** Compact JSON in ASCII: it travels in HTTP headers, where anything else breaks the signature. */
export function toAsciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
