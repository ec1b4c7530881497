/**
 * The entry `AzCseBind`: what the MAC of the header binds, and has to be stored so that it can be checked.
 *
 *     content   1;c=<bytes of ciphertext>, and where padding hides the length of the plaintext ;n=<bytes of plaintext>
 *     entity    1;p=<base64 of the tags of its properties>
 *     both      ;x=<base64 of the tag of the context> at the end, where there is a context
 *
 * In this order, decimals without leading zeros, base64 in its only canonical form, nothing else. Source: docs/formats.md,
 * "Integrity entries".
 */
import { decodeCanonicalBase64 } from '../../encoding/base64.js';
import { DecryptionError } from '../../errors/content.js';

/** Length in bytes of the tag of a context, and of a property. */
export const SHORT_TAG_LENGTH = 16;

export interface Bind {
  /** Bytes of ciphertext; of content. */
  readonly ciphertextLength?: number | undefined;
  /** Bytes of plaintext, if padding hides the length. */
  readonly plaintextLength?: number | undefined;
  /** Tags of properties; of an entity. */
  readonly properties?: Buffer;
  readonly context?: Buffer | undefined;
}

/** Which members the entry has. */
export type BindShape = 'length' | 'lengths' | 'properties';

const DECIMAL = '(0|[1-9][0-9]{0,15})';
const BASE64 = '([A-Za-z0-9+/]*={0,2})';
const CONTEXT = `(?:;x=${BASE64})?`;
const PATTERNS: Readonly<Record<BindShape, RegExp>> = {
  length: new RegExp(`^1;c=${DECIMAL}()${CONTEXT}$`),
  lengths: new RegExp(`^1;c=${DECIMAL};n=${DECIMAL}${CONTEXT}$`),
  properties: new RegExp(`^1;p=${BASE64}()${CONTEXT}$`),
};

export function formatBind({ ciphertextLength, plaintextLength, properties, context }: Bind): string {
  let text = '1';
  if (ciphertextLength !== undefined) text += `;c=${ciphertextLength}`;
  if (plaintextLength !== undefined) text += `;n=${plaintextLength}`;
  if (properties !== undefined) text += `;p=${properties.toString('base64')}`;
  return context === undefined ? text : `${text};x=${context.toString('base64')}`;
}

/** Throws {@link DecryptionError} for anything that {@link formatBind} does not write in that form. */
export function parseBind(text: string, shape: BindShape): Bind {
  const [, first = '', second = '', context] = PATTERNS[shape].exec(text) ?? failed();
  const contextTag = context === undefined ? undefined : contextOf(context);
  if (shape === 'properties') return { properties: decodeCanonicalBase64(first) ?? failed(), context: contextTag };
  const plaintextLength = shape === 'lengths' ? lengthOf(second) : undefined;
  return { ciphertextLength: lengthOf(first), plaintextLength, context: contextTag };
}

function lengthOf(decimal: string): number {
  const length = Number(decimal);
  return Number.isSafeInteger(length) ? length : failed();
}

function contextOf(text: string): Buffer {
  const tag = decodeCanonicalBase64(text);
  return tag?.length === SHORT_TAG_LENGTH ? tag : failed();
}

function failed(): never {
  throw new DecryptionError();
}
