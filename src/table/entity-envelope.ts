/** An entity to the row that is stored, and back. The layout is drawn in wire/entity-metadata.ts. */
import type { EntityClass } from '../decorators/encryption-metadata.js';
import { assertPlaintextAllowed } from '../envelope/encryption-policy.js';
import { createEnvelope, openEnvelope } from '../envelope/envelope.js';
import { InvalidEncryptionDataError, UnsupportedProtocolError } from '../errors/content.js';
import type { ContentOpener, PropertyContent, PropertyPlace } from '../protocol/protocol.js';
import { traced } from '../tracing/span.js';
import { type EncryptionData, formatEncryptionData, parseEncryptionData } from '../wire/encryption-data.js';
import {
  ENCRYPTION_DATA_PROPERTY,
  formatSealedNames,
  isOldJava,
  parseSealedNames,
  SEALED_NAMES_PROPERTY,
} from '../wire/entity-metadata.js';
import {
  formatPropertyTypes,
  parsePropertyTypes,
  PROPERTY_TYPES_ENTRY,
  type PropertyType,
} from '../wire/property-types.js';
import { assertDeclared } from './entity-class.js';
import { envelopeContext, type EntityKeys, type Row, type TableContext } from './entity-context.js';
import { entityOf } from './entity-instance.js';
import { entityModel } from './entity-model.js';
import { assertFits } from './entity-size.js';
import { assertStorable, namesToSeal, wronglyClear } from './sealed-properties.js';
import { binaryValue, storedValue } from './stored-value.js';
import { decodeValue, encodeValue, type TypedText } from './values/property-value.js';

/** Texts of sealed properties by their names. */
export type SealedTexts = ReadonlyMap<string, TypedText>;

type OpenProperty = (name: string, sealed: Uint8Array) => Buffer;

interface OpenedRow {
  readonly row: Row;
  readonly data: EncryptionData;
  readonly open: OpenProperty;
  readonly context: TableContext;
}

/** Seals under a content key of its own; throws before anything is sent. A class that seals nothing is stored as it is. */
export async function sealEntity(entity: Row & EntityKeys, context: TableContext): Promise<Row & EntityKeys> {
  assertStorable(entity);
  assertDeclared(entity, context.entityClass, context.policy);
  const { properties } = entityModel(context.entityClass);
  if (properties.length === 0) {
    assertFits(entity);
    return { ...entity };
  }
  const names = new Set(namesToSeal(context.entityClass, entity));
  const texts = properties
    .filter(({ propertyKey }) => names.has(propertyKey))
    .map(({ propertyKey: name, options }) => [name, encodeValue(name, entity[name], options.type)] as const);
  return sealRow(entity, new Map(texts), context);
}

/** The row of an entity, with these texts sealed in it. */
export async function sealRow(
  entity: Row & EntityKeys,
  texts: SealedTexts,
  context: TableContext,
): Promise<Row & EntityKeys> {
  const { encryptionData, sealer } = await createEnvelope(context.policy, {
    ...envelopeContext(context, entity),
    additions: typesOf(texts),
  });
  const contents = [
    ...[...texts].map(([name, { bytes }]) => contentOf(entity, name, bytes)),
    contentOf(entity, SEALED_NAMES_PROPERTY, formatSealedNames([...texts.keys()])),
  ];
  while (context.slice?.isSpent === true) await context.slice.breathe();
  return traced('Content.seal', context.operation ?? {}, async (_options, tell) => {
    tell({ protocol: encryptionData.protocol });
    const sealed = sealer.sealProperties?.(contents) ?? unsupported(encryptionData);
    const row: Row & EntityKeys = {
      ...entity,
      ...Object.fromEntries(contents.map(({ place }, index) => [place.name, sealed[index]])),
      [ENCRYPTION_DATA_PROPERTY]: formatEncryptionData(encryptionData, 'entity'),
    };
    assertFits(row);
    return row;
  });
}

const contentOf = (keys: EntityKeys, name: string, plaintext: Uint8Array): PropertyContent => ({
  place: placeOf(keys, name),
  plaintext,
});

/** Opens a row into an instance of the entity class. */
export async function openEntity(row: Row & EntityKeys, context: TableContext): Promise<object> {
  return entityOf(context.entityClass, { ...row, ...valuesOf(await openRow(row, context), context.entityClass) });
}

/** The texts of a row's sealed properties. One that is not in the row (projection) is passed over. */
export async function openRow(row: Row & EntityKeys, context: TableContext): Promise<SealedTexts> {
  if (typeof row.partitionKey !== 'string' || typeof row.rowKey !== 'string')
    throw new InvalidEncryptionDataError('the entity has no PartitionKey or RowKey');
  const text = storedValue(row[ENCRYPTION_DATA_PROPERTY]);
  if (text === undefined) {
    if (storedValue(row[SEALED_NAMES_PROPERTY]) !== undefined)
      throw new InvalidEncryptionDataError(`${ENCRYPTION_DATA_PROPERTY} is missing`);
    assertPlaintextAllowed(context.policy, 'The entity');
    return new Map();
  }
  if (typeof text !== 'string') throw new InvalidEncryptionDataError(`${ENCRYPTION_DATA_PROPERTY} is not text`);
  const data = parseEncryptionData(text);
  const open = openPropertyOf(data, await openEnvelope(context.policy, data, envelopeContext(context, row)), row);
  while (context.slice?.isSpent === true) await context.slice.breathe();
  return traced('Content.open', context.operation ?? {}, async (_options, tell) => {
    tell({ protocol: data.protocol, keyId: data.wrappedKey.keyId });
    const names = sealedNamesOf({ row, data, open, context });
    const typeOf = storedTypesOf(data, names, context.entityClass);
    const textOf = (name: string): TypedText => ({
      type: typeOf(name),
      bytes: open(name, binaryValue(name, row[name])),
    });
    const texts = new Map(names.filter((name) => isStored(row, name)).map((name) => [name, textOf(name)]));
    assertRightlyClear(row, texts, context);
    return texts;
  });
}

export function valuesOf(texts: SealedTexts, entityClass: EntityClass): Row {
  const { options } = entityModel(entityClass);
  return Object.fromEntries([...texts].map(([name, text]) => [name, decodeValue(text, options.get(name)?.as)]));
}

/** A type that the row does not give is the declared one, or else string: nothing authenticates the types of a row. */
function storedTypesOf(
  data: EncryptionData,
  names: readonly string[],
  entityClass: EntityClass,
): (name: string) => PropertyType {
  const given = parsePropertyTypes(data.additions.get(PROPERTY_TYPES_ENTRY), names);
  const { options } = entityModel(entityClass);
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

function typesOf(texts: SealedTexts): ReadonlyMap<string, string> {
  const entry = formatPropertyTypes(new Map([...texts].map(([name, { type }]) => [name, type])));
  return new Map(entry === undefined ? [] : [[PROPERTY_TYPES_ENTRY, entry]]);
}

function openPropertyOf(data: EncryptionData, opener: ContentOpener, row: EntityKeys): OpenProperty {
  return (name, sealed) => opener.openProperty?.(placeOf(row, name), sealed) ?? unsupported(data);
}

function sealedNamesOf({ row, data, open, context }: OpenedRow): readonly string[] {
  const list = row[SEALED_NAMES_PROPERTY];
  const isMissing = storedValue(list) === undefined;
  const names = isMissing
    ? []
    : parseSealedNames(open(SEALED_NAMES_PROPERTY, binaryValue(SEALED_NAMES_PROPERTY, list)));
  assertNothingPlanted(row, names, context);
  // the old Java SDK leaves the list out where it sealed nothing
  if (isMissing && !isOldJava(data.field)) throw new InvalidEncryptionDataError(`${SEALED_NAMES_PROPERTY} is missing`);
  return names;
}

/** Whoever can write the row can put values in clear where sealed ones are expected, and leave out the list. */
function assertNothingPlanted(row: Row, names: readonly string[], { entityClass, policy }: TableContext): void {
  const planted = entityModel(entityClass).alwaysSealed.find((name) => isStored(row, name) && !names.includes(name));
  if (planted !== undefined) assertPlaintextAllowed(policy, `Property "${planted}" of the entity`);
}

/** The same for properties that are sealed or not as the row says. */
function assertRightlyClear(row: Row, texts: SealedTexts, { entityClass, policy }: TableContext): void {
  if (!policy.requireEncryption) return;
  const clear = entityModel(entityClass).sometimesSealed.filter((name) => isStored(row, name) && !texts.has(name));
  if (clear.length === 0) return;
  const planted = wronglyClear(entityClass, { ...row, ...valuesOf(texts, entityClass) }, clear);
  if (planted !== undefined) assertPlaintextAllowed(policy, `Property "${planted}" of the entity`);
}

const isStored = (row: Row, name: string): boolean => Object.hasOwn(row, name) && storedValue(row[name]) !== undefined;

/** Named one by one: with a spread, a page of rows takes a tenth more CPU (bench/README.md). */
const placeOf = ({ partitionKey, rowKey }: EntityKeys, name: string): PropertyPlace => ({ partitionKey, rowKey, name });

function unsupported({ protocol, algorithm }: Pick<EncryptionData, 'protocol' | 'algorithm'>): never {
  throw new UnsupportedProtocolError(protocol, algorithm);
}
