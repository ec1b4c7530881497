/** A class with a looked-up and a unique property, its table behind a proxy, and the entries of its lookup table. */
import { TableClient } from '@azure/data-tables';
import type { PipelinePolicy } from '@azure/core-rest-pipeline';
import {
  Encrypt,
  EncryptedEntity,
  type EncryptedTableClient,
  HmacSearchKey,
  type KeyEncryptionKey,
  Searchable,
} from 'nestjs-azure-encrypted-storage';
import type { SearchKeys } from '../../src/keys/search-keys.js';
import { EncryptedTableService } from '../../src/table/encrypted-table.service.js';
import type { SearchTagMismatch } from '../../src/table/search/tag-mismatch.js';
import { connectionString } from './azurite.js';
import { tablePolicy } from './tables.js';

@EncryptedEntity<Member>({ table: 'members', clear: ['visits'] })
export class Member {
  [Searchable]?: 'name' | 'email';
  partitionKey!: string;
  rowKey!: string;
  @Encrypt({ searchable: { lookup: true, scope: 'table', normalize: 'text' } }) name!: string | null;
  @Encrypt({ searchable: { lookup: 'unique', scope: 'table' } }) email?: string;
  visits?: number;
}

export const [older, newer] = [HmacSearchKey.generate(), HmacSearchKey.generate()];

export interface LookedUp {
  readonly members: EncryptedTableClient<Member>;
  readonly entries: TableClient;
  readonly faults: SearchTagMismatch[];
}

/** Requests for rows go through `through`, and `policy` sees those of both tables; `entries` bypass the proxy. */
export function lookedUp(
  table: string,
  {
    searchKeys = { write: newer },
    through = connectionString(),
    policy,
    keyEncryptionKey,
  }: { searchKeys?: SearchKeys; through?: string; policy?: PipelinePolicy; keyEncryptionKey?: KeyEncryptionKey } = {},
): LookedUp {
  const faults: SearchTagMismatch[] = [];
  const of = (name: string, at: string): TableClient =>
    TableClient.fromConnectionString(at, name, {
      allowInsecureConnection: true,
      retryOptions: { maxRetries: 1, retryDelayInMs: 1 },
      additionalPolicies: policy === undefined ? [] : [{ policy, position: 'perCall' }],
    });
  const service = new EncryptedTableService(
    (name) => of(name, through),
    tablePolicy({ searchKeys, ...(keyEncryptionKey === undefined ? {} : { keyEncryptionKey }) }),
    {
      onSearchTagMismatch: (mismatch) => faults.push(mismatch),
    },
  );
  return { members: service.getTableClient(Member, table), entries: of(`${table}lookup`, connectionString()), faults };
}

/** The entries as `property rowKey`, sorted. */
export async function entriesIn(entries: TableClient): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { partitionKey, rk } of entries.listEntities<{ rk: string }>())
    found.push(`${String(partitionKey).split('.')[0] ?? ''} ${rk}`);
  return found.sort();
}

export const member = (rowKey: string, more: Partial<Member> = {}): Member => ({
  ...{ partitionKey: 'north', rowKey, name: `Name ${rowKey}`, email: `${rowKey}@example.org`, ...more },
});
