/** Entities as this package stores and reads them. */
import type { Edm, EdmTypes } from '@azure/data-tables';
import {
  Encrypt,
  EncryptedEntity,
  type EncryptedTableClient,
  type EntityClass,
  Sign,
} from 'nestjs-azure-encrypted-storage';
import { type PeerEntity, type PeerValue, valuesOf } from './entity-cases.js';
import { storageOf, type StorageOptions } from './storage.js';

/** Any entity. */
export interface Row {
  partitionKey: string;
  rowKey: string;
  [name: string]: unknown;
}

/** An entity class that seals the properties with these names. All others are in plaintext. */
export function classSealing(...names: readonly string[]): EntityClass<Row> {
  @EncryptedEntity({ clear: '*' })
  class Named {
    [name: string]: unknown;
    partitionKey!: string;
    rowKey!: string;
  }
  const mark = Encrypt() as (prototype: object, name: string) => void;
  for (const name of names) mark(Named.prototype, name);
  return Named;
}

/** The same class, which signs these properties as well. */
export function signing(entity: EntityClass<Row>, ...names: readonly string[]): EntityClass<Row> {
  abstract class Signing extends entity {}
  const mark = Sign() as (prototype: object, name: string) => void;
  for (const name of names) mark(Signing.prototype, name);
  return Signing;
}

/** Seals what the row of most cases seals. */
export const PATIENT = classSealing('name', 'note');

export async function ours<T extends object>(
  entity: EntityClass<T>,
  table: string,
  options: StorageOptions = {},
): Promise<EncryptedTableClient<T>> {
  return (await storageOf(options)).tables.getTableClient(entity, table);
}

export const entityOf = (entity: PeerEntity): Row => {
  const { partitionKey, rowKey } = entity;
  return { partitionKey, rowKey, ...valuesOf(entity) };
};

/** The values in the SDK's typed form. */
export const typed = (values: Readonly<Record<string, PeerValue>>): Record<string, Edm<EdmTypes>> =>
  Object.fromEntries(
    Object.entries(values).map(([name, { type, value }]) => [name, { type, value } as Edm<EdmTypes>] as const),
  );

export async function listed(client: EncryptedTableClient<Row>, select?: string[]): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for await (const found of client.listEntities(select === undefined ? {} : { queryOptions: { select } })) {
    rows.push(found);
  }
  return rows;
}
