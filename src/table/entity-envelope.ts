/** From an entity to the stored row, and back. wire/entity-metadata.ts shows the layout. */
import { createEnvelope } from '../envelope/envelope.js';
import { integrityOf } from '../envelope/integrity/integrity-options.js';
import type { PropertyContent } from '../protocol/protocol.js';
import { traced } from '../tracing/span.js';
import { formatEncryptionData } from '../wire/encryption-data.js';
import { ENCRYPTION_DATA_PROPERTY, formatSealedNames, SEALED_NAMES_PROPERTY } from '../wire/entity-metadata.js';
import { formatPropertyTypes, PROPERTY_TYPES_ENTRY } from '../wire/property-types.js';
import { assertDeclared } from './entity-class.js';
import { envelopeContext, type EntityKeys, placeOf, type Row, type TableContext } from './entity-context.js';
import { entityOf } from './entity-instance.js';
import { entityModel } from './entity-model.js';
import { assertFits } from './entity-size.js';
import { openRow, type SealedTexts, unsupported, valuesOf } from './opened-row.js';
import { assertStorable, sealingOf } from './sealed-properties.js';
import { encodeValue } from './values/property-value.js';
import { valuesToSign } from './values/signed-value.js';

/** What happens to the properties of a row, except those that are stored unchanged. */
export interface RowSealing {
  readonly texts: SealedTexts;
  /** Names of the clear properties to sign, among those that exist. */
  readonly signed: ReadonlySet<string>;
}

/**
 * Seals under a new content key. Throws before anything is sent. If the class seals and signs nothing, the entity is stored
 * unchanged.
 */
export async function sealEntity(entity: Row & EntityKeys, context: TableContext): Promise<Row & EntityKeys> {
  assertStorable(entity);
  assertDeclared(entity, context.entityClass, context.policy);
  const model = entityModel(context.entityClass);
  if (!model.isProtected) {
    assertFits(entity);
    return { ...entity };
  }
  const { sealed, decisive } = sealingOf(context.entityClass, entity);
  const texts = sealed.map((name) => [name, encodeValue(name, entity[name], model.options.get(name)?.type)] as const);
  return sealRow(entity, { texts: new Map(texts), signed: new Set([...model.signed, ...decisive]) }, context);
}

/** The row of an entity, with these texts sealed in it. */
export async function sealRow(
  entity: Row & EntityKeys,
  { texts, signed }: RowSealing,
  context: TableContext,
): Promise<Row & EntityKeys> {
  const hasEntries = integrityOf(context.policy) !== 'off';
  const { encryptionData, sealer, sealedData } = await createEnvelope(context.policy, {
    ...envelopeContext(context, entity),
    additions: typesOf(texts),
    ...(hasEntries ? { signed: valuesToSign(signed, entity) } : {}),
  });
  const contents = [
    ...[...texts].map(([name, { bytes }]) => contentOf(entity, name, bytes)),
    contentOf(entity, SEALED_NAMES_PROPERTY, formatSealedNames([...texts.keys()])),
  ];
  while (context.slice?.isSpent === true) await context.slice.breathe();
  return traced('Content.seal', context.operation ?? {}, async (_options, record) => {
    record({ protocol: encryptionData.protocol, integrity: integrityOf(context.policy) });
    const sealed = sealer.sealProperties?.(contents) ?? unsupported(encryptionData);
    const row: Row & EntityKeys = {
      ...entity,
      ...Object.fromEntries(contents.map(({ place }, index) => [place.name, sealed[index]])),
      [ENCRYPTION_DATA_PROPERTY]: formatEncryptionData(sealedData(), 'entity'),
    };
    assertFits(row);
    return row;
  });
}

const contentOf = (keys: EntityKeys, name: string, plaintext: Uint8Array): PropertyContent => ({
  place: placeOf(keys, name),
  plaintext,
});

function typesOf(texts: SealedTexts): ReadonlyMap<string, string> {
  const entry = formatPropertyTypes(new Map([...texts].map(([name, { type }]) => [name, type])));
  return new Map(entry === undefined ? [] : [[PROPERTY_TYPES_ENTRY, entry]]);
}

/** Opens a row as an instance of the entity class. `isAsked` tests for the columns that a projection requested. */
export async function openEntity(
  row: Row & EntityKeys,
  context: TableContext,
  isAsked?: (name: string) => boolean,
): Promise<object> {
  const { texts } = await openRow(row, context, isAsked);
  return entityOf(context.entityClass, row, valuesOf(texts, context.entityClass));
}
