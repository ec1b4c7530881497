/** JSON that loses nothing: what it cannot hold is refused, where `JSON.stringify` would drop or change it. */
import { isWellFormed } from '../../encoding/utf8.js';

/** Objects and arrays inside each other. */
const MAX_DEPTH = 500;

/** Told what cannot be written; throws. */
export type Refuse = (reason: string) => never;

/** Compact JSON of a value that `JSON.parse` gives back the same. Reasons name kinds of values, never the values. */
export const jsonText = (value: unknown, refuse: Refuse): string => new JsonWriter(refuse).text(value);

class JsonWriter {
  private readonly containers: object[] = [];

  constructor(private readonly refuse: Refuse) {}

  text(value: unknown): string {
    if (value === null || typeof value === 'boolean') return String(value);
    if (typeof value === 'string') return this.string(value);
    if (typeof value === 'number') return this.number(value);
    if (typeof value === 'object') return this.container(value);
    return this.lost(typeof value);
  }

  private string(value: string): string {
    return isWellFormed(value) ? JSON.stringify(value) : this.lost('half a surrogate pair');
  }

  private number(value: number): string {
    if (!Number.isFinite(value)) return this.lost(String(value));
    return Object.is(value, -0) ? '-0' : String(value);
  }

  private container(value: object): string {
    if (this.containers.includes(value)) return this.lost('a cycle');
    if (this.containers.length === MAX_DEPTH) return this.lost(`more than ${MAX_DEPTH} levels`);
    this.containers.push(value);
    const text = Array.isArray(value) ? this.array(value) : this.object(value);
    this.containers.pop();
    return text;
  }

  private array(value: readonly unknown[]): string {
    if (Object.keys(value).length !== value.length) return this.lost('an array with holes or names');
    return `[${value.map((item) => this.text(item)).join(',')}]`;
  }

  private object(value: object): string {
    if (!isPlain(value)) return this.lost(`an instance of ${nameOf(value)}`);
    if (Object.getOwnPropertySymbols(value).length > 0) return this.lost('a symbol');
    if (Object.hasOwn(value, '__proto__')) return this.lost('a property __proto__');
    const members = Object.entries(value).map(([name, member]) => `${this.string(name)}:${this.text(member)}`);
    return `{${members.join(',')}}`;
  }

  private lost(what: string): never {
    return this.refuse(`holds what JSON would lose (${what}): leave it out or convert it`);
  }
}

/** Made by `{}` or without a prototype, in any realm. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

const nameOf = (value: object): string =>
  (Object.getPrototypeOf(value) as { constructor?: { name?: string } }).constructor?.name ?? 'a class';
