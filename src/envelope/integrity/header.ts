/**
 * What the MAC of the header covers: parsed values, never JSON text, which other SDKs reorder and escape differently:
 *
 *     "azcse/header/v1" 00 || u8 kind || enc(Protocol) || enc(EncryptionAlgorithm) || parameters of the version
 *       || enc(AzCseBind) || enc(AzCseTag)
 *       || entity: enc(PartitionKey) || enc(RowKey) || u8 order of the IV parts || enc(AzCseTypes) || enc(sealed list of names)
 *
 * enc(x) is the length as a big-endian u32, then the bytes. The wrapped key and the library name are not covered, so the MAC
 * stays valid when a content key is rewrapped. Source: docs/formats.md, "Integrity entries".
 */
import { type Bare, lengthPrefixedList } from '../../encoding/length-prefixed.js';
import type { ContentForm, Protocol, ReadField } from '../../protocol/protocol.js';
import { PROPERTY_TYPES_ENTRY } from '../../wire/property-types.js';
import type { IntegrityEntries } from './entries.js';

const startOf = (kind: number): Bare => ({
  bare: Buffer.from(`azcse/header/v1\0${String.fromCharCode(kind)}`, 'latin1'),
});
const STARTS: Readonly<Record<ContentForm, Bare>> = {
  stream: startOf(1),
  pages: startOf(2),
  message: startOf(3),
  entity: startOf(4),
};
const NOTHING = Buffer.alloc(0);

/** Only for an entity. */
export interface EntityHeader {
  readonly partitionKey: string;
  readonly rowKey: string;
  /** The entry with the types of sealed values. */
  readonly types?: string | undefined;
  /** Ciphertext of the list of sealed names. */
  readonly list: Uint8Array;
}

export interface Header {
  readonly protocol: Protocol;
  readonly form: ContentForm;
  readonly field: ReadField;
  readonly entity?: EntityHeader | undefined;
}

export function headerInput(
  { protocol, form, field, entity }: Header,
  { bind, tag }: Pick<IntegrityEntries, 'bind' | 'tag'>,
): Buffer {
  const { version, algorithm } = protocol;
  const parameters = { bare: protocol.boundParameters(field) };
  const content = [STARTS[form], version, algorithm, parameters, bind, tag ?? NOTHING];
  if (entity === undefined) return lengthPrefixedList(content);
  const { partitionKey, rowKey, types = '', list } = entity;
  const order = { bare: Buffer.of(protocol.propertyOrder?.(field) ?? 0) };
  return lengthPrefixedList([...content, partitionKey, rowKey, order, types, list]);
}

/** The entry that names types of sealed values: the MAC of an entity covers it. */
export function typesIn(additions: ReadonlyMap<string, unknown>): string | undefined {
  const types = additions.get(PROPERTY_TYPES_ENTRY);
  return typeof types === 'string' ? types : undefined;
}
