/** What `@EncryptedEntity()` records on an entity class. */
import { InvalidEntityError } from '../errors/input.js';
import { groupFaults, must, type RulesOf } from '../option-rules.js';
import { ClassRecord } from './class-record.js';
import { type EntityClass, isReservedName, prototypesOf, sealedNamesAt } from './encryption-metadata.js';
import { keyNamesOf } from './key-metadata.js';
import { SIGNED, signedNamesOf } from './signing-metadata.js';
import { tableNameFault } from './table-name.js';

/** What a class itself declares. */
interface OwnDeclaration {
  readonly table?: string | undefined;
  readonly clear?: '*' | readonly string[] | undefined;
}

/** What `@EncryptedEntity()` declares for a class, including what it inherits. */
export interface EntityDeclaration {
  /** The table of its entities, unless a feature or a call names another. */
  readonly table: string | null;
  /** Names of the properties that are stored in plaintext in addition to the keys; `*` for all that are not sealed. */
  readonly clear: '*' | ReadonlySet<string>;
}

export const DECLARED = new ClassRecord<OwnDeclaration | null>('encrypted-entity', null);

const isListOfNames = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((name) => typeof name === 'string');

export const ENCRYPTED_ENTITY: RulesOf<OwnDeclaration> = {
  table: {
    faults: (value, path) => {
      const fault = tableNameFault(value);
      return fault === null ? [] : [`"${path}" cannot be used: ${fault}`];
    },
  },
  clear: must((value) => value === '*' || isListOfNames(value), 'a list of names, or "*"'),
};

/** Throws {@link InvalidEntityError} for options that are not valid for the class. */
export function recordDeclaration(entityClass: EntityClass, options: OwnDeclaration): void {
  const refuse = (reason: string): never => {
    throw new InvalidEntityError(`@EncryptedEntity() of ${nameOf(entityClass)} ${reason}`);
  };
  const faults = groupFaults(ENCRYPTED_ENTITY, options);
  if (faults.length > 0) refuse(`has wrong options: ${faults.join('; ')}`);
  const clear = options.clear ?? [];
  const reserved = clear === '*' ? undefined : clear.find(isReservedName);
  if (reserved !== undefined)
    refuse(`names "${reserved}" under "clear": leave it out, the service or the format has it`);

  // later changes to the options or the list have no effect
  const copy = typeof options.clear === 'object' ? [...options.clear] : options.clear;
  DECLARED.replace(entityClass.prototype as object, { table: options.table, clear: copy });
  const contradiction = contradictionIn(entityClass);
  if (contradiction !== null) refuse(contradiction);
}

/**
 * The declaration of an entity class, or `null` if neither the class nor a base class has `@EncryptedEntity()`. A list of a
 * subclass adds to the inherited list, and replaces an inherited `*`.
 */
export function entityDeclaration(entityClass: EntityClass): EntityDeclaration | null {
  const declared = prototypesOf(entityClass).flatMap((prototype) => DECLARED.at(prototype) ?? []);
  if (declared.length === 0) return null;
  return declared.reduce(withOwn, { table: null, clear: new Set() });
}

function withOwn(inherited: EntityDeclaration, { table, clear }: OwnDeclaration): EntityDeclaration {
  return { table: table ?? inherited.table, clear: clear === undefined ? inherited.clear : clearOf(inherited, clear) };
}

function clearOf({ clear: inherited }: EntityDeclaration, own: '*' | readonly string[]): EntityDeclaration['clear'] {
  return own === '*' ? own : new Set([...(inherited === '*' ? [] : inherited), ...own]);
}

/**
 * A fault if a class lists a property as clear, or signs it, although it seals it or inherits it sealed. A subclass may seal what
 * was clear or signed. The same if it seals, signs or lists one of its keys, under the name that it gives it.
 */
export function contradictionIn(entityClass: EntityClass): string | null {
  for (const prototype of prototypesOf(entityClass)) {
    const sealed = sealedNamesAt(prototype);
    const clear = DECLARED.at(prototype)?.clear ?? [];
    const named = clear === '*' ? undefined : sealed.find((each) => clear.includes(each));
    if (named !== undefined) return `names "${named}" under "clear", but @Encrypt() seals it: decide which`;
    const signed = sealed.find((each) => SIGNED.at(prototype).has(each));
    if (signed !== undefined) return `finds @Sign() on "${signed}", which @Encrypt() seals and signs: drop @Sign()`;
  }
  return contradictedKey(entityClass);
}

function contradictedKey(entityClass: EntityClass): string | null {
  const { partitionKey, rowKey } = keyNamesOf(entityClass);
  const isKey = (name: string): boolean => name === partitionKey || name === rowKey;
  const sealed = sealedNamesAt(entityClass.prototype as object).find(isKey);
  if (sealed !== undefined)
    return `finds @Encrypt() on "${sealed}", which is a key: drop it, keys are stored in plaintext`;
  const signed = [...signedNamesOf(entityClass)].find(isKey);
  if (signed !== undefined) return `finds @Sign() on "${signed}", which is a key: drop it, keys are always signed`;
  const { clear } = entityDeclaration(entityClass) ?? { clear: '*' };
  const named = clear === '*' ? undefined : [...clear].find(isKey);
  return named === undefined
    ? null
    : `names "${named}" under "clear", which is a key: leave it out, keys are always clear`;
}

export const nameOf = ({ name }: EntityClass): string => (name === '' ? 'a class without a name' : name);
