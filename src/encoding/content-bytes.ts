/**
 * The bytes of what an application may pass as content. Anything else is refused, because `Buffer.from` converts almost any
 * value.
 */
import { types } from 'node:util';
import { UnsupportedValueError } from '../errors/input.js';

/** Content to encrypt: text, which is stored as UTF-8, or bytes. For a view, only the bytes that it covers. */
export type ContentInput = string | ArrayBuffer | ArrayBufferView;

/**
 * The bytes of the content. Text is encoded; bytes are not copied.
 *
 * @throws `UNSUPPORTED_VALUE` for a value of any other type, and for text with a lone surrogate
 */
export function contentBytes(content: ContentInput): Buffer {
  const given: unknown = content;
  if (typeof given === 'string') return textBytes(given);
  if (ArrayBuffer.isView(given)) return Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  if (types.isAnyArrayBuffer(given)) return Buffer.from(given);
  throw new UnsupportedValueError(
    null,
    `is ${kindOf(given)}: pass a string, a Buffer, a Uint8Array, an ArrayBuffer or another view`,
  );
}

function textBytes(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8');
  throw new UnsupportedValueError(
    null,
    'is not valid Unicode, it holds half a surrogate pair: pass well-formed text (see String.prototype.toWellFormed), or bytes',
  );
}

/** Only the type, never the value. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  const { name } = (value as { readonly constructor?: { readonly name?: unknown } }).constructor ?? {};
  return typeof name === 'string' && name !== '' ? `an object of class ${JSON.stringify(name)}` : 'an object';
}
