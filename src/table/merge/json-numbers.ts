/** Numbers of a JSON text as they are written. Parsing loses the notation, but `3.0` is not `3` in a table. */
import { endOfString, LEVEL_STEPS } from '../../wire/json.js';

/** Each token begins with a different character, and none is tried twice, because the text comes from a service. */
const TOKEN = /"|-?\d[\d.eE+-]*|[{}[\],:]|[a-z]+/g;

/**
 * The numbers that are members of the outermost object, by name, in one pass over any text. If members have the same name, the
 * last one counts, as in `JSON.parse`.
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
    depth += LEVEL_STEPS.get(token) ?? 0;
    name = null;
  }
  return numbers;
}

const isNumber = (token: string): boolean => /^[-\d]/.test(token);

function stringAt(text: string, start: number, end: number): string | null {
  try {
    return JSON.parse(text.slice(start, end)) as string;
  } catch {
    return null;
  }
}
