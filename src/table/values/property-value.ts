/** From the value of a sealed property to the text that is sealed, and back. */
import type { EntityClass } from '../../decorators/encryption-metadata.js';
import { decodeUtf8 } from '../../encoding/utf8.js';
import { DecryptionError } from '../../errors/content.js';
import { UnsupportedValueError } from '../../errors/input.js';
import type { PropertyType } from '../../wire/property-types.js';
import { instanceOf } from '../entity-instance.js';
import { canonicalTexts, typeOf } from './canonical-text.js';

/** The sealed text in UTF-8, and the type that it represents. */
export interface TypedText {
  readonly type: PropertyType;
  readonly bytes: Uint8Array;
}

/** Throws {@link UnsupportedValueError} with the name for a value that cannot be stored or does not have the declared type. */
export function encodeValue(name: string, value: unknown, declared?: PropertyType): TypedText {
  const refuse = (reason: string): never => {
    throw new UnsupportedValueError(name, reason);
  };
  const type = value === null ? 'null' : (declared ?? typeOf(value));
  if (type === undefined)
    return refuse(`holds ${kindOf(value)}, which cannot be encrypted: convert it or leave it out`);
  const form = canonicalTexts[type];
  if (!form.holds(value)) return refuse(`holds ${kindOf(value)}, but @Encrypt() says ${type}: make them agree`);
  return { type, bytes: Buffer.from(form.write(value as never, refuse), 'utf8') };
}

/**
 * Throws {@link DecryptionError} unless the text is the canonical text of a value of its type, so that a changed type cannot give
 * another value. `as` returns the class of the objects in `json`.
 */
export function decodeValue({ type, bytes }: TypedText, as?: () => EntityClass): unknown {
  const text = decodeUtf8(bytes);
  if (text === null) throw new DecryptionError();
  if (type === 'string') return text;
  const form = canonicalTexts[type];
  const value = attempt(() => form.read(text));
  if (attempt(() => form.write(value as never, failed)) !== text) throw new DecryptionError();
  return type === 'json' && as !== undefined ? instances(value, as()) : value;
}

/** An object as an instance of a class, without calling its constructor; a list item by item; other values unchanged. */
function instances(value: unknown, itemClass: EntityClass): unknown {
  if (Array.isArray(value)) return value.map((item) => instances(item, itemClass));
  return typeof value === 'object' && value !== null ? instanceOf(itemClass, value) : value;
}

function attempt<Result>(step: () => Result): Result {
  try {
    return step();
  } catch {
    throw new DecryptionError();
  }
}

function failed(): never {
  throw new DecryptionError();
}

/** For errors: the kind of a value, never the value. */
export function kindOf(value: unknown): string {
  return typeof value === 'object'
    ? (((value as object).constructor as { name?: string } | undefined)?.name ?? 'an object')
    : typeof value;
}
