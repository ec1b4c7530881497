/** Numbers of a JSON text as they are written. Parsing loses this, but `3.0` is not `3` in a table. */

/** Each token begins with a different character, and none is tried twice, because the text comes from a service. */
const TOKEN = /"|-?\d[\d.eE+-]*|[{}[\],:]|[a-z]+/g;

/**
 * The numbers that are members of the outermost object, by name. It takes one pass, whatever the text is. If members have the
 * same name, the last one counts, as in `JSON.parse`.
 */
export function numbersIn(text: string): ReadonlyMap<string, string> {
  const numbers = new Map<string, string>();
  let depth = 0;
  /** Name of the member whose value comes next. */
  let name: string | null = null;
  const tokens = new RegExp(TOKEN);
  for (let found = tokens.exec(text); found !== null; found = tokens.exec(text)) {
    const [token] = found;
    if (token === ':') continue;
    if (token === '"') {
      tokens.lastIndex = endOfString(text, found.index);
      name = depth === 1 && name === null ? stringAt(text, found.index, tokens.lastIndex) : null;
      continue;
    }
    if (depth === 1 && name !== null && isNumber(token)) numbers.set(name, token);
    depth += STEPS.get(token) ?? 0;
    name = null;
  }
  return numbers;
}

const STEPS = new Map([
  ['{', 1],
  ['[', 1],
  ['}', -1],
  [']', -1],
]);

const isNumber = (token: string): boolean => /^[-\d]/.test(token);

/** After the closing quote. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '"') return at + 1;
    if (character === '\\') at += 1;
  }
  return text.length;
}

function stringAt(text: string, start: number, end: number): string | null {
  try {
    return JSON.parse(text.slice(start, end)) as string;
  } catch {
    return null;
  }
}
