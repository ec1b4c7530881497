/**
 * A stored row with a patch applied to it, sealed again. Sealed properties stay sealed, with their text and type, unless `when`
 * of the class makes them clear. This includes what other writers sealed.
 */
import type { EncryptOptions } from '../../decorators/encryption-metadata.js';
import { UnsupportedValueError } from '../../errors/input.js';
import type { EntityKeys, Row, TableContext } from '../entity-context.js';
import { sealRow } from '../entity-envelope.js';
import { convertedValues } from '../entity-instance.js';
import { entityModel } from '../entity-model.js';
import { isSystemProperty } from '../reserved-names.js';
import { type OpenedRow, openRow, type SealedTexts, valuesOf } from '../opened-row.js';
import { isOldTag, rowTags } from '../search/row-tags.js';
import { type SealedBefore, sealingOf } from '../sealed-properties.js';
import { isTyped } from '../stored-value.js';
import { encodeValue, type TypedText } from '../values/property-value.js';
import { type StoredEntity, writable } from './stored-entity.js';

/** Throws the errors of opening the row: nothing is written again without verification. */
export async function mergedRow(
  given: StoredEntity,
  patch: Row & EntityKeys,
  context: TableContext,
): Promise<Row & EntityKeys> {
  const row = writable(given);
  const stored = await openRow(row, context);
  const { texts } = stored;
  const { options, signed } = entityModel(context.entityClass);
  const changes = changesOf(patch, (name) => options.has(name) || texts.has(name));
  const clear = without(row, (name) => isSystemProperty(name) || texts.has(name));
  const values = mergedValues({ clear, sealed: valuesOf(stored, options) }, changes);

  const foreign = [...texts.keys()].filter((name) => !options.has(name));
  const { sealed: own, decisive } = sealingOf(context.entityClass, values, {
    anyway: foreign,
    mayBeClear: clearanceOf(stored, changes, (name) => Object.hasOwn(clear, name)),
  });
  const names = [...own, ...foreign];
  const sealed = new Map(
    names.map((name) => [name, textOf(name, { texts, changes, clear, values, options })] as const),
  );
  const isChanged = (name: string): boolean => Object.hasOwn(changes, name);
  const opened = [...texts.keys()].filter((name) => !names.includes(name));
  const entity: Row & EntityKeys = {
    ...without(clear, (name) => isOldTag(name, context, { isChanged, isOpened: (each) => opened.includes(each) })),
    ...Object.fromEntries(opened.map((name) => [name, values[name]])),
    ...changes,
    partitionKey: row.partitionKey,
    rowKey: row.rowKey,
  };
  // what the row has sealed stays sealed, even if the class now only signs it
  const toSign = [...signed, ...decisive, ...(stored.covered ?? [])].filter((name) => !names.includes(name));
  const tags = await rowTags({ texts: sealed, partitionKey: row.partitionKey, isNew: isChanged }, context);
  return sealRow(
    without(entity, (name) => entity[name] === null),
    { texts: sealed, signed: new Set(toSign), tags },
    context,
  );
}

/** What a read will return once the changes are stored. */
const mergedValues = (
  { clear, sealed }: { readonly clear: Row; readonly sealed: ReadonlyMap<string, unknown> },
  changes: Row,
): Row => ({ ...convertedValues(clear), ...Object.fromEntries(sealed), ...changes });

/**
 * Whether a property may be stored in plaintext because its condition does not hold. Someone else may have changed what the
 * condition read, unless entries cover it or the caller passes it. Then a sealed property stays sealed, because the condition may
 * have read something that is missing. A property that was not sealed follows the condition, unless the condition read a column
 * of the row that the entries should cover but do not.
 */
function clearanceOf(
  { texts, covered }: OpenedRow,
  changes: Row,
  isStored: (name: string) => boolean,
): SealedBefore['mayBeClear'] {
  const isSure = (name: string): boolean =>
    Object.hasOwn(changes, name) || (covered !== null && (covered.has(name) || texts.has(name)));
  return (name, { names, isOverall }) => {
    const unsure = [...names].filter((each) => !isSure(each));
    if (texts.has(name)) return unsure.length === 0 && !isOverall;
    return covered === null || !unsure.some(isStored);
  };
}

interface Sources {
  readonly texts: SealedTexts;
  readonly changes: Row;
  /** Columns as they are stored. */
  readonly clear: Row;
  readonly values: Row;
  readonly options: ReadonlyMap<string, EncryptOptions>;
}

/** Unchanged text is carried over as it is stored, because the class may declare another type now. */
function textOf(name: string, { texts, changes, clear, values, options }: Sources): TypedText {
  const isChanged = Object.hasOwn(changes, name);
  const kept = isChanged ? undefined : texts.get(name);
  if (kept === undefined && !isChanged) assertWholeMilliseconds(name, clear[name]);
  return kept ?? encodeValue(name, values[name], options.get(name)?.type);
}

/** Digits after the milliseconds, other than 0. */
const FINE_TIME = /\.\d{3}\d*[1-9]/;

/** A time that becomes sealed is a `Date`, which has milliseconds. */
function assertWholeMilliseconds(name: string, value: unknown): void {
  if (!isTyped(value) || value.type !== 'DateTime' || !FINE_TIME.test(String(value.value))) return;
  throw new UnsupportedValueError(
    name,
    'is a time with digits after the milliseconds, which encryption would cut off: pass the time as a Date in the change',
  );
}

/** `undefined` changes nothing, and neither does `null` in a property that is never sealed, as in the service. */
const changesOf = (patch: Row, canBeSealed: (name: string) => boolean): Row =>
  without(
    patch,
    (name) => isSystemProperty(name) || patch[name] === undefined || (patch[name] === null && !canBeSealed(name)),
  );

const without = <Given extends Row>(row: Given, isOut: (name: string) => boolean): Given =>
  Object.fromEntries(Object.entries(row).filter(([name]) => !isOut(name))) as Given;
