/** An entity to the row that is stored, and back. The layout is drawn in wire/entity-metadata.ts. */
import { getEncryptedProperties } from '../decorators/encryption-metadata.js';
import { assertPlaintextAllowed } from '../envelope/encryption-policy.js';
import { createEnvelope, openEnvelope } from '../envelope/envelope.js';
import { InvalidEncryptionDataError, UnsupportedProtocolError } from '../errors.js';
import type { ContentOpener } from '../protocol/protocol.js';
import { traced } from '../tracing/span.js';
import { type EncryptionData, formatEncryptionData, parseEncryptionData } from '../wire/encryption-data.js';
import {
  ENCRYPTION_DATA_PROPERTY,
  formatSealedNames,
  isReservedProperty,
  parseSealedNames,
  SEALED_NAMES_PROPERTY,
} from '../wire/entity-metadata.js';
import { envelopeContext, type EntityKeys, type Row, type TableContext } from './entity-context.js';
import { assertFits } from './entity-size.js';
import { binaryValue, decodeValue, encodeValue, isTyped, storedValue } from './property-value.js';
import { assertStorable, namesAlwaysSealed, namesToSeal } from './sealed-properties.js';

const namesOf = ({ entityClass }: TableContext): readonly unknown[] => getEncryptedProperties(entityClass);

type SealProperty = (name: string, plaintext: Uint8Array) => Buffer;
type OpenProperty = (name: string, sealed: Uint8Array) => Buffer;

/** Seals under a content key of its own; throws before anything is sent. A class that seals nothing is stored as it is. */
export async function sealEntity(entity: Row & EntityKeys, context: TableContext): Promise<Row & EntityKeys> {
  assertStorable(entity);
  const names = namesToSeal(context.entityClass, entity);
  if (namesOf(context).length === 0) {
    assertFits(entity);
    return { ...entity };
  }
  const values = names.map((name) => [name, encodeValue(name, entity[name])] as const);
  const { encryptionData, sealer } = await createEnvelope(context.policy, envelopeContext(context, entity));
  const seal: SealProperty = (name, plaintext) =>
    sealer.sealProperty?.({ ...keysOf(entity), name }, plaintext) ?? unsupported(encryptionData);

  return traced('Content.seal', context.operation ?? {}, async (_options, tell) => {
    tell({ protocol: encryptionData.protocol });
    const row: Row & EntityKeys = {
      ...entity,
      ...Object.fromEntries(values.map(([name, value]) => [name, seal(name, value)])),
      [ENCRYPTION_DATA_PROPERTY]: formatEncryptionData(encryptionData, 'entity'),
      [SEALED_NAMES_PROPERTY]: seal(SEALED_NAMES_PROPERTY, formatSealedNames(names)),
    };
    assertFits(row);
    return row;
  });
}

/** Opens a row into an instance of the entity class. A sealed property that is not in the row (projection) is passed over. */
export async function openEntity(row: Row & EntityKeys, context: TableContext): Promise<object> {
  const text = storedValue(row[ENCRYPTION_DATA_PROPERTY]);
  const sealedNames = storedValue(row[SEALED_NAMES_PROPERTY]);
  if (text === undefined) {
    if (sealedNames !== undefined) throw new InvalidEncryptionDataError(`${ENCRYPTION_DATA_PROPERTY} is missing`);
    assertPlaintextAllowed(context.policy, 'The entity');
    return instanceOf(context, row);
  }
  if (typeof text !== 'string') throw new InvalidEncryptionDataError(`${ENCRYPTION_DATA_PROPERTY} is not text`);
  const data = parseEncryptionData(text);
  const open = openPropertyOf(data, await openEnvelope(context.policy, data, envelopeContext(context, row)), row);
  return traced('Content.open', context.operation ?? {}, async (_options, tell) => {
    tell({ protocol: data.protocol, keyId: data.wrappedKey.keyId });
    const names =
      // the old Java SDK leaves the list out where it sealed nothing
      sealedNames === undefined
        ? []
        : parseSealedNames(open(SEALED_NAMES_PROPERTY, binaryValue(SEALED_NAMES_PROPERTY, sealedNames)));

    if (sealedNames === undefined) assertNothingPlanted(row, context);
    return instanceOf(context, { ...row, ...openedProperties(row, names, open) });
  });
}

function openPropertyOf(data: EncryptionData, opener: ContentOpener, row: EntityKeys): OpenProperty {
  return (name, sealed) => opener.openProperty?.({ ...keysOf(row), name }, sealed) ?? unsupported(data);
}

function openedProperties(row: Row, names: readonly string[], open: OpenProperty): Row {
  const present = names.filter((name) => isStored(row, name));
  return Object.fromEntries(
    present.map((name) => {
      const value = decodeValue(open(name, binaryValue(name, row[name])));
      return [name, isTyped(row[name]) ? { type: 'String', value } : value];
    }),
  );
}

/** Without a list, whoever can write the row can take the sealed values out and put others in, in clear. */
function assertNothingPlanted(row: Row, { entityClass, policy }: TableContext): void {
  const planted = namesAlwaysSealed(entityClass).find((name) => isStored(row, name));
  if (planted !== undefined) assertPlaintextAllowed(policy, `Property "${planted}" of the entity`);
}

const isStored = (row: Row, name: string): boolean => Object.hasOwn(row, name) && storedValue(row[name]) !== undefined;

/** Without the constructor: it could set what was not stored. */
function instanceOf({ entityClass }: TableContext, row: Row): object {
  const instance = Object.create(entityClass.prototype as object) as object;
  for (const [name, value] of Object.entries(row)) {
    if (isReservedProperty(name)) continue;
    Object.defineProperty(instance, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return instance;
}

const keysOf = ({ partitionKey, rowKey }: EntityKeys): EntityKeys => ({ partitionKey, rowKey });

function unsupported({ protocol, algorithm }: EncryptionData): never {
  throw new UnsupportedProtocolError(protocol, algorithm);
}
