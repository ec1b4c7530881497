/** JSON without loss: values that `JSON.stringify` would drop or change are rejected. */
import { types } from 'node:util';

/** Maximum depth of nested objects and arrays. */
const MAX_DEPTH = 500;

/** Called with the reason why a value cannot be written. It throws. */
export type Refuse = (reason: string) => never;

/** Compact JSON of a value that `JSON.parse` returns unchanged. Reasons name kinds of values, never the values. */
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
    return value.isWellFormed() ? JSON.stringify(value) : this.lost('half a surrogate pair');
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

  /** Instances of data classes are stored as their own properties, without those that are `undefined`. */
  private object(value: object): string {
    if (!isPlain(value) && !isData(value)) return this.lost(`an instance of ${nameOf(value)}`);
    if (Object.getOwnPropertySymbols(value).length > 0) return this.lost('a symbol');
    if (Object.hasOwn(value, '__proto__')) return this.lost('a property __proto__');
    const entries = Object.entries(value).filter(([, member]) => member !== undefined || isPlain(value));
    const members = entries.map(([name, member]) => `${this.string(name)}:${this.text(member)}`);
    return `{${members.join(',')}}`;
  }

  private lost(what: string): never {
    return this.refuse(`holds what JSON would lose (${what}): leave it out or convert it`);
  }
}

/** Created by `{}` or without a prototype, in any realm. */
function isPlain(value: object): boolean {
  const prototype = prototypeOf(value);
  return prototype === null || prototypeOf(prototype) === null;
}

/**
 * Members that show that an object is more than its own properties: it converts itself, is iterable, or belongs to the platform.
 */
const MARKS = ['toJSON', Symbol.iterator, Symbol.asyncIterator, Symbol.toPrimitive, Symbol.toStringTag] as const;
const PLATFORM: readonly ((value: unknown) => boolean)[] = [
  types.isDate,
  types.isRegExp,
  types.isMap,
  types.isSet,
  types.isWeakMap,
  types.isWeakSet,
  types.isPromise,
  types.isNativeError,
  types.isBoxedPrimitive,
  types.isAnyArrayBuffer,
  types.isArrayBufferView,
  types.isArgumentsObject,
  types.isExternal,
  types.isProxy,
];

/** An instance of a plain data class: as far as can be seen, it holds nothing but its own enumerable properties. */
function isData(value: object): boolean {
  if (MARKS.some((mark) => mark in value) || PLATFORM.some((isKind) => isKind(value))) return false;
  const names = Object.getOwnPropertyNames(value);
  if (names.length === 0) return !hidesData(value);
  return names.every((name) => Object.prototype.propertyIsEnumerable.call(value, name));
}

/** An object without own properties whose class has accessors: their data is kept elsewhere. */
function hidesData(value: object): boolean {
  for (let at = prototypeOf(value); at !== null && prototypeOf(at) !== null; at = prototypeOf(at)) {
    const descriptors = Object.values(Object.getOwnPropertyDescriptors(at));
    if (descriptors.some((descriptor) => !('value' in descriptor))) return true;
  }
  return false;
}

const prototypeOf = (value: object): object | null => Object.getPrototypeOf(value) as object | null;

const nameOf = (value: object): string =>
  (Object.getPrototypeOf(value) as { constructor?: { name?: string } }).constructor?.name ?? 'a class';
