/** An entity class with searchable properties of every kind, and searches of its rows. */
import type { TableEntityResult } from '@azure/data-tables';
import {
  Encrypt,
  EncryptedEntity,
  type EncryptedTableClient,
  Filterable,
  HmacSearchKey,
  Searchable,
} from 'nestjs-azure-encrypted-storage';
import type { EncryptionPolicy } from '../../src/envelope/encryption-policy.js';
import { tablePolicy } from './tables.js';

const month = (born: Date): string => born.toISOString().slice(0, 7);

@EncryptedEntity<Patient>({ table: 'patients', clear: ['ward'] })
export class Patient {
  [Filterable]?: 'ward';
  [Searchable]?: 'ssn' | 'name' | 'born' | 'age' | 'serial' | 'code' | 'room';
  partitionKey!: string;
  rowKey!: string;
  @Encrypt({ searchable: true }) ssn!: string | null;
  @Encrypt({ searchable: { normalize: 'text', scope: 'table' } }) name!: string;
  @Encrypt({ type: 'date', searchable: { of: month } }) born!: Date;
  @Encrypt({ searchable: true }) age!: number;
  @Encrypt({ searchable: true }) serial!: bigint;
  @Encrypt({ searchable: { bits: 4 } }) code!: Uint8Array;
  @Encrypt<Patient>({ when: ({ ward }) => ward === 'private', searchable: true }) room!: string;
  ward!: string;
}

export const searchKeys = { write: HmacSearchKey.generate() };
export const policy = (more: Partial<EncryptionPolicy> = {}): EncryptionPolicy => tablePolicy({ searchKeys, ...more });
export const patient = (rowKey: string, more: Partial<Patient> = {}): Patient => ({
  ...{ partitionKey: 'north', rowKey, ssn: `ssn ${rowKey}`, name: `Name ${rowKey}`, born: new Date(0), age: 41 },
  ...{ serial: 7n, code: Buffer.from(rowKey), room: `room ${rowKey}`, ward: 'private', ...more },
});
export type Options<T extends object> = Parameters<EncryptedTableClient<T>['listEntities']>[0];

export async function found<T extends { readonly rowKey: string }>(
  table: EncryptedTableClient<T>,
  options: Options<T>,
): Promise<readonly TableEntityResult<T>[]> {
  const rows: TableEntityResult<T>[] = [];
  for await (const row of table.listEntities(options)) rows.push(row);
  return rows;
}
export const keysOf = async <T extends { readonly rowKey: string }>(
  table: EncryptedTableClient<T>,
  options: Options<T>,
) => (await found(table, options)).map((row) => (row as { readonly rowKey: string }).rowKey);
export const invalid = (text = '') =>
  expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining(text) as string }) as Error;

/** The stored tags of a row. */
export async function tagsOf(
  { unencryptedClient }: EncryptedTableClient<Patient>,
  rowKey: string,
): Promise<Readonly<Record<string, unknown>>> {
  const row = await unencryptedClient.getEntity('north', rowKey);
  return Object.fromEntries(Object.entries(row).filter(([column]) => column.startsWith('azcse_t_')));
}
