/** The table of lookups.ts for the command `maintain`: keys in its environment, and the module of `--config`. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  AesKeyEncryptionKey,
  Encrypt,
  EncryptedEntity,
  type EncryptedTableClient,
  type EncryptionPolicy,
  HmacSearchKey,
} from 'nestjs-azure-encrypted-storage';
import { connectionString } from './azurite.js';
import type { Command } from './command.js';
import { lookedUp, type LookedUp } from './lookups.js';
import { tableOf, tablePolicy } from './tables.js';

/** The byte that each key consists of, by the name of its variable. */
export const KEYS = { CONTENT_KEY: 21, OLDER_KEY: 22, NEWER_KEY: 23 };
type KeyName = keyof typeof KEYS;

export const keyText = (name: KeyName): string => Buffer.alloc(32, KEYS[name]).toString('base64');

const keyEncryptionKey = AesKeyEncryptionKey.fromBase64('clinic', keyText('CONTENT_KEY'));
const searchKey = (name: KeyName): HmacSearchKey => HmacSearchKey.fromBase64(keyText(name));

/** The members of a table, under these search keys. */
export const clinic = (
  table: string,
  { write, read = [] }: { readonly write: KeyName; readonly read?: readonly KeyName[] },
  more: { readonly through?: string } = {},
): LookedUp =>
  lookedUp(table, {
    ...more,
    keyEncryptionKey,
    searchKeys: { write: searchKey(write), read: read.map(searchKey) },
  });

@EncryptedEntity<Untagged>({ table: 'members', clear: ['visits'] })
class Untagged {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string | null;
  @Encrypt() email?: string;
  visits?: number;
}

/** The same table for a program without search tags. */
export const untagged = (table: string, more: Partial<EncryptionPolicy> = {}): EncryptedTableClient<Untagged> =>
  tableOf(Untagged, table, tablePolicy({ keyEncryptionKey, ...more }));

export const commandEnv = (): NodeJS.ProcessEnv => ({
  AZURE_STORAGE_CONNECTION_STRING: connectionString(),
  ...Object.fromEntries((Object.keys(KEYS) as KeyName[]).map((name) => [name, keyText(name)])),
});

/** Writes the module, whose class is that of lookups.ts, and returns its path. */
export function memberConfig(folder: string, { command, table }: { command: Command; table: string }): string {
  const path = join(folder, `${table}.config.mjs`);
  const core = pathToFileURL(join(dirname(command.main), '..', 'core.js')).href;
  writeFileSync(
    path,
    `import { AesKeyEncryptionKey, Encrypt, EncryptedEntity, HmacSearchKey } from ${JSON.stringify(core)};
     class Member {}
     Encrypt({ searchable: { lookup: true, scope: 'table', normalize: 'text' } })(Member.prototype, 'name');
     Encrypt({ searchable: { lookup: 'unique', scope: 'table' } })(Member.prototype, 'email');
     EncryptedEntity({ table: 'members', clear: ['visits'] })(Member);
     const [older, newer] = ['OLDER_KEY', 'NEWER_KEY'].map((name) => HmacSearchKey.fromBase64(process.env[name]));
     export const policy = {
       protocol: '2.1', requireEncryption: true, searchKeys: { write: newer, read: [older] },
       keyEncryptionKey: AesKeyEncryptionKey.fromBase64('clinic', process.env.CONTENT_KEY),
     };
     export const entities = { ${table}: Member };`,
  );
  return path;
}
