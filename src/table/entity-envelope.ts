/** From an entity to the stored row, and back. wire/entity-metadata.ts shows the layout. */
import type { EncryptionPolicy } from '../envelope/encryption-policy.js';
import { createEnvelope, type Envelope } from '../envelope/envelope.js';
import { integrityOf } from '../envelope/integrity/integrity-options.js';
import { integrityTagIn } from '../envelope/integrity/integrity-tag.js';
import type { SignedValue } from '../envelope/integrity/property-tags.js';
import type { PropertyContent } from '../protocol/protocol.js';
import { tracedStep } from '../tracing/span.js';
import { formatEncryptionData } from '../wire/encryption-data.js';
import { ENCRYPTION_DATA_PROPERTY, formatSealedNames, SEALED_NAMES_PROPERTY } from '../wire/entity-metadata.js';
import { formatPropertyTypes, PROPERTY_TYPES_ENTRY } from '../wire/property-types.js';
import { assertDeclared } from './entity-class.js';
import { type EntityKeys, type Row, type TableContext, targetOf } from './entity-context.js';
import { define, entityOf } from './entity-instance.js';
import { entityModel } from './entity-model.js';
import { withIntegrityTag } from './entity-integrity-tag.js';
import { assertFits } from './entity-size.js';
import type { EntityQuery } from './entity-query.js';
import { assertNothingHidden } from './key-names.js';
import { openRow, type SealedTexts, unsupported, valuesOf } from './opened-row.js';
import { projectionOf } from './projection.js';
import { assertStorable, sealingOf } from './sealed-properties.js';
import { type RowTags, rowTags } from './search/row-tags.js';
import { tagFaults } from './search/tag-check.js';
import { encodeValue, type TypedText } from './values/property-value.js';
import { valuesToSign } from './values/signed-value.js';

/** What happens to the properties of a row, except those that are stored unchanged. */
interface RowSealing {
  readonly texts: SealedTexts;
  /** Names of the clear properties to sign, among those that exist. */
  readonly signed: ReadonlySet<string>;
  /** Stored in plaintext, and signed. */
  readonly tags: RowTags;
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
  const texts = new Map<string, TypedText>();
  for (const name of sealed) texts.set(name, encodeValue(name, entity[name], model.options.get(name)?.type));
  const tags = await rowTags({ texts, partitionKey: entity.partitionKey }, context);
  const signed = decisive.size === 0 ? model.signed : new Set([...model.signed, ...decisive]);
  return sealRow(entity, { texts, signed, tags }, context);
}

/** The row of an entity, with these texts sealed in it. */
export async function sealRow(
  given: Row & EntityKeys,
  sealing: RowSealing,
  context: TableContext,
): Promise<Row & EntityKeys> {
  // the caller may change its object while the key is called
  const entity = withColumns(given, sealing.tags);
  const { policy, operation, keyEncryptionKey } = context;
  const envelope = await createEnvelope(policy, {
    target: targetOf(context, entity),
    form: 'entity',
    operation,
    keyEncryptionKey,
    additions: typesOf(sealing.texts),
    signed: signedOf(entity, sealing, policy),
  });
  while (context.slice?.isSpent === true) await context.slice.breathe();
  return tracedStep('Content.seal', operation ?? {}, (record) => {
    record({ protocol: envelope.encryptionData.protocol, integrity: integrityOf(policy) });
    return sealInto(entity, sealing.texts, envelope);
  });
}

/** A copy, because adding columns to an existing object costs three times as much (bench/history.md). */
const withColumns = (given: Row & EntityKeys, columns: RowTags): WrittenRow =>
  columns.size === 0 ? { ...given } : (Object.fromEntries([...Object.entries(given), ...columns]) as WrittenRow);

type WrittenRow = Record<string, unknown> & EntityKeys;

function sealInto(entity: WrittenRow, texts: SealedTexts, envelope: Envelope): Row & EntityKeys {
  const contents: PropertyContent[] = [];
  for (const [name, { bytes }] of texts) contents.push({ name, plaintext: bytes });
  contents.push({ name: SEALED_NAMES_PROPERTY, plaintext: formatSealedNames([...texts.keys()]) });
  const sealed = envelope.sealer.sealProperties?.(entity, contents) ?? unsupported(envelope.encryptionData);
  for (const [index, { name }] of contents.entries()) define(entity, name, sealed[index]);
  const data = envelope.sealedData();
  entity[ENCRYPTION_DATA_PROPERTY] = formatEncryptionData(data, 'entity');
  assertFits(entity);
  return withIntegrityTag(entity, integrityTagIn(data.additions));
}

function signedOf(
  entity: WrittenRow,
  { signed, tags }: RowSealing,
  policy: EncryptionPolicy,
): ReadonlyMap<string, SignedValue> | undefined {
  if (integrityOf(policy) === 'off' || signed.size + tags.size === 0) return undefined;
  return valuesToSign([...signed, ...tags.keys()], entity);
}

function typesOf(texts: SealedTexts): ReadonlyMap<string, string> | undefined {
  const entry = formatPropertyTypes(texts);
  return entry === undefined ? undefined : new Map([[PROPERTY_TYPES_ENTRY, entry]]);
}

/** What a query requires of the rows that it returns. */
type RowOpening = Pick<EntityQuery, 'projection' | 'found'>;

const WHOLE_ROW: RowOpening = { projection: projectionOf(undefined), found: null };

/** Opens a row as an instance of the entity class; `null` if the filter of the query does not hold for what is sealed in it. */
export async function openEntity(
  row: Row & EntityKeys,
  context: TableContext,
  { projection, found }: RowOpening = WHOLE_ROW,
): Promise<object | null> {
  const { isAsked, narrow } = projection;
  const opened = await openRow(row, context, isAsked);
  const { texts, integrityTag } = opened;
  const model = entityModel(context.entityClass);
  const { onSearchTagMismatch } = context;
  if (onSearchTagMismatch !== undefined && model.searchable.size > 0) {
    const { partitionKey, rowKey } = row;
    const faults = await tagFaults({ row, texts, isAsked }, context);
    for (const [propertyName, fault] of faults)
      onSearchTagMismatch({ tableName: context.table, partitionKey, rowKey, propertyName, fault });
  }
  if (found?.accepts(row, texts) === false) return null;
  const values = valuesOf(opened, model.options);
  assertNothingHidden(row, values, model.renamedKeys);
  return withIntegrityTag(narrow(entityOf(context.entityClass, row, values)), integrityTag);
}
