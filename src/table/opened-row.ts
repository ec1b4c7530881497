/** An opened stored row: the content of its sealed properties, and which clear ones are known to be unchanged. */
import type { EncryptOptions } from '../decorators/encryption-metadata.js';
import { assertPlaintextAllowed, requiresEncryption } from '../envelope/encryption-policy.js';
import { openEnvelope } from '../envelope/envelope.js';
import { integrityOf } from '../envelope/integrity/integrity-options.js';
import type { EnvelopeOpener } from '../envelope/integrity/property-coverage.js';
import { interpreted } from '../envelope/watched-opener.js';
import { InvalidEncryptionDataError, UnsupportedProtocolError } from '../errors/content.js';
import { IntegrityMissingError, StaleContentError } from '../errors/integrity.js';
import { isOldJava, type SealedProperty } from '../protocol/protocol.js';
import { tracedStep } from '../tracing/span.js';
import { type EncryptionData, parseEncryptionData } from '../wire/encryption-data.js';
import { ENCRYPTION_DATA_PROPERTY, parseSealedNames, SEALED_NAMES_PROPERTY } from '../wire/entity-metadata.js';
import { parsePropertyTypes, PROPERTY_TYPES_ENTRY, type PropertyType } from '../wire/property-types.js';
import { type EntityKeys, type Row, type TableContext, targetOf } from './entity-context.js';
import { type EntityModel, entityModel } from './entity-model.js';
import { wronglyClear } from './sealed-properties.js';
import { binaryValue, isBinary, storedValue } from './stored-value.js';
import { signedValue } from './values/signed-value.js';
import { decodeValue, type TypedText } from './values/property-value.js';

/** Texts of sealed properties by name. */
export type SealedTexts = ReadonlyMap<string, TypedText>;

export interface OpenedRow extends Pick<EnvelopeOpener, 'interpret'> {
  /** The sealed properties that are in the row. A projection may have left others out. */
  readonly texts: SealedTexts;
  /** Names of the clear properties that integrity entries cover; `null` if no entries were verified. */
  readonly covered: ReadonlySet<string> | null;
  /** `undefined` if no entries were verified. */
  readonly integrityTag?: string | undefined;
}

/** A row whose content key is unwrapped, and what is needed to check it. */
interface UnwrappedRow {
  readonly row: Row & EntityKeys;
  readonly context: TableContext;
  /** Of the class of the context. */
  readonly model: EntityModel;
  /** Whether a projection requested the column. */
  readonly isAsked: (name: string) => boolean;
  readonly data: EncryptionData;
  readonly opener: EnvelopeOpener;
}

const PLAIN: OpenedRow = { texts: new Map(), covered: null };

/** Opens a row. If the row has integrity entries, they are verified first. */
export async function openRow(
  row: Row & EntityKeys,
  context: TableContext,
  isAsked: (name: string) => boolean = () => true,
): Promise<OpenedRow> {
  if (typeof row.partitionKey !== 'string' || typeof row.rowKey !== 'string')
    throw new InvalidEncryptionDataError('the entity has no PartitionKey or RowKey');
  const text = storedValue(row[ENCRYPTION_DATA_PROPERTY]);
  if (text === undefined) {
    if (storedValue(row[SEALED_NAMES_PROPERTY]) !== undefined)
      throw new InvalidEncryptionDataError(`${ENCRYPTION_DATA_PROPERTY} is missing`);
    return plainRow(context);
  }
  if (typeof text !== 'string') throw new InvalidEncryptionDataError(`${ENCRYPTION_DATA_PROPERTY} is not text`);
  const data = parseEncryptionData(text);
  const { operation, keyEncryptionKey, expectedTag } = context;
  const opener = await openEnvelope(context.policy, data, {
    target: targetOf(context, row),
    form: 'entity',
    operation,
    keyEncryptionKey,
    sealedList: () => sealedListOf(row) ?? new Uint8Array(0),
    expectedTag,
  });
  while (context.slice?.isSpent === true) await context.slice.breathe();
  return tracedStep('Content.open', context.operation ?? {}, (record) => {
    record({ protocol: data.protocol, keyId: data.wrappedKey.keyId, integrity: integrityOf(context.policy) });
    return openUnwrapped({ row, context, model: entityModel(context.entityClass), isAsked, data, opener });
  });
}

function plainRow({ policy, expectedTag }: TableContext): OpenedRow {
  assertPlaintextAllowed(policy, 'The entity');
  if (expectedTag !== undefined) throw new StaleContentError();
  return PLAIN;
}

function openUnwrapped(unwrapped: UnwrappedRow): OpenedRow {
  const names = sealedNamesOf(unwrapped);
  const covered = coveredNamesOf(unwrapped, names);
  const texts = textsOf(unwrapped, names);
  assertNothingAdded(unwrapped, { texts, covered });
  const { integrityTag, interpret } = unwrapped.opener;
  assertRightlyClear(unwrapped, { texts, interpret });
  return { texts, covered, integrityTag, interpret };
}

type OpenedTexts = Pick<OpenedRow, 'texts' | 'interpret'>;
/** What `@Encrypt()` declares about properties. */
type OptionsByName = ReadonlyMap<string, Pick<EncryptOptions, 'as'>>;

/** Values of sealed properties by name. */
export function valuesOf(opened: OpenedTexts, options: OptionsByName): ReadonlyMap<string, unknown> {
  return interpreted(opened, () => {
    const values = new Map<string, unknown>();
    for (const [name, text] of opened.texts) values.set(name, decodeValue(text, options.get(name)?.as));
    return values;
  });
}

function sealedListOf(row: Row): Uint8Array | undefined {
  const list = row[SEALED_NAMES_PROPERTY];
  return storedValue(list) === undefined ? undefined : binaryValue(SEALED_NAMES_PROPERTY, list);
}

function sealedNamesOf(unwrapped: UnwrappedRow): readonly string[] {
  const { row, data } = unwrapped;
  const list = sealedListOf(row);
  const names = list === undefined ? [] : namesIn(list, unwrapped);
  assertNothingPlanted(unwrapped, names);
  // the old Java SDK leaves the list out if it sealed nothing
  if (list === undefined && !isOldJava(data.field))
    throw new InvalidEncryptionDataError(`${SEALED_NAMES_PROPERTY} is missing`);
  return names;
}

function namesIn(sealed: Uint8Array, unwrapped: UnwrappedRow): readonly string[] {
  const [opened] = openProperties(unwrapped, [{ name: SEALED_NAMES_PROPERTY, sealed }]);
  const list = opened ?? unsupported(unwrapped.data);
  return interpreted(unwrapped.opener, () => parseSealedNames(list));
}

/** The sealed properties that are in the row. */
function textsOf(unwrapped: UnwrappedRow, names: readonly string[]): SealedTexts {
  const { row, data, model } = unwrapped;
  const typeOf = storedTypesOf(data, names, model);
  const stored: StoredProperty[] = [];
  try {
    for (const name of names) {
      if (isStored(row, name)) stored.push({ name, type: typeOf(name), sealed: binaryValue(name, row[name]) });
    }
  } catch (error) {
    // a fault in an earlier property is reported first
    openProperties(unwrapped, stored);
    throw error;
  }
  const texts = new Map<string, TypedText>();
  for (const [index, bytes] of openProperties(unwrapped, stored).entries()) {
    const { name, type } = stored[index] ?? unsupported(data);
    texts.set(name, { type, bytes });
  }
  return texts;
}

interface StoredProperty extends SealedProperty {
  readonly type: PropertyType;
}

function openProperties({ row, data, opener }: UnwrappedRow, properties: readonly SealedProperty[]): readonly Buffer[] {
  if (properties.length === 0) return [];
  return opener.openProperties?.(row, properties) ?? unsupported(data);
}

/** Throws unless everything that the entries list is unchanged. */
function coveredNamesOf(
  { row, isAsked, opener }: UnwrappedRow,
  sealedNames: readonly string[],
): ReadonlySet<string> | null {
  if (opener.coverage === undefined) return null;
  return opener.coverage.verify({
    sealedNames,
    // a column that is present is verified, even if it was not requested
    isAsked: (name) => isAsked(name) || isStored(row, name),
    ciphertextOf: (name) => ciphertextOf(row, name),
    signedValueOf: (name) => (isStored(row, name) ? signedValue(row[name]) : null),
  });
}

/** `null` for a missing column, or one that does not have the type of sealed ones. */
function ciphertextOf(row: Row, name: string): Uint8Array | null {
  const value = Object.hasOwn(row, name) ? row[name] : undefined;
  if (value instanceof Uint8Array) return value;
  return storedValue(value) !== undefined && isBinary(value) ? binaryValue(name, value) : null;
}

/**
 * If the row has no type for a property, the declared type applies, or else string. Without entries nothing authenticates the
 * types of a row.
 */
function storedTypesOf(
  data: EncryptionData,
  names: readonly string[],
  { options }: EntityModel,
): (name: string) => PropertyType {
  const given = parsePropertyTypes(data.additions.get(PROPERTY_TYPES_ENTRY), names);
  return (name) => {
    const wanted = options.get(name)?.type;
    const type = given.get(name) ?? wanted ?? 'string';
    if (wanted !== undefined && type !== wanted && type !== 'null') {
      throw new InvalidEncryptionDataError(
        `${PROPERTY_TYPES_ENTRY} has another type for property "${name}" than @Encrypt()`,
      );
    }
    return type;
  };
}

/** Someone who can write the row can replace sealed values with plaintext, and leave out the list. */
function assertNothingPlanted({ row, model, context }: UnwrappedRow, names: readonly string[]): void {
  const planted = model.alwaysSealed.find((name) => !names.includes(name) && isStored(row, name));
  if (planted !== undefined) assertPlaintextAllowed(context.policy, `Property "${planted}" of the entity`);
}

/** The same for clear properties that entries would cover if this package had written them. */
function assertNothingAdded({ row, model, context }: UnwrappedRow, { texts, covered }: OpenedRow): void {
  if (covered === null || !requiresEncryption(context.policy)) return;
  const isAdded = (name: string): boolean => isStored(row, name) && !texts.has(name) && !covered.has(name);
  if (model.mayBeCovered.some(isAdded)) throw new IntegrityMissingError();
}

/** The same for properties that are sealed only in some rows. */
function assertRightlyClear({ row, model, context }: UnwrappedRow, opened: OpenedTexts): void {
  const { policy, entityClass } = context;
  if (!requiresEncryption(policy)) return;
  const clear = model.sometimesSealed.filter((name) => isStored(row, name) && !opened.texts.has(name));
  if (clear.length === 0) return;
  const values = Object.fromEntries(valuesOf(opened, model.options));
  const planted = wronglyClear(entityClass, { ...row, ...values }, clear);
  if (planted !== undefined) assertPlaintextAllowed(policy, `Property "${planted}" of the entity`);
}

const isStored = (row: Row, name: string): boolean => Object.hasOwn(row, name) && storedValue(row[name]) !== undefined;

export function unsupported({ protocol, algorithm }: Pick<EncryptionData, 'protocol' | 'algorithm'>): never {
  throw new UnsupportedProtocolError(protocol, algorithm);
}
