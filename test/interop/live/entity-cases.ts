/** Tables of cases for entities: keys, names and values that URLs, JSON and the IV of a property depend on. */
import { type EdmTypes, TableClient } from '@azure/data-tables';
import { connectionString, uniqueTableName } from '../../support/azurite.js';
import { KEY, type SharedKey } from './keys.js';
import { ask, type Peer } from './peers.js';

export interface PeerValue {
  readonly type: EdmTypes;
  readonly value: unknown;
  readonly sealed?: boolean;
}

export interface PeerEntity {
  readonly partitionKey: string;
  readonly rowKey: string;
  readonly properties: Readonly<Record<string, PeerValue>>;
}

export const KEYS_OF_ROWS: readonly (readonly [what: string, partitionKey: string, rowKey: string])[] = [
  ['plain keys', 'north', '17'],
  ['spaces', 'north ward', ' 17 '],
  ['a quote', "o'neill", "'17'"],
  ['signs of URLs', 'a%20b+c&d=e', 'x;y:z@(1)!$,*~'],
  ['other scripts', 'Grüße', '漢字-עברית'],
  ['emoji', '🩺', '👩‍⚕️'],
  ['one that begins as the other ends', 'ab', 'bc'],
  ['empty keys', '', ''],
  ['long keys', 'p'.repeat(300), 'r'.repeat(300)],
];

export const VALUES: readonly (readonly [what: string, value: string])[] = [
  ['empty', ''],
  ['one letter', 'a'],
  ['15 letters', 'a'.repeat(15)],
  ['16 letters', 'a'.repeat(16)],
  ['17 letters', 'a'.repeat(17)],
  ['JSON', '{"a":[1,null],"b":"\\u00fc"}'],
  ['emoji and scripts', 'Grüße 🩺👩‍⚕️ 漢字 עברית'],
  ['quotes and new lines', 'a "b" \'c\' \\d\r\n\te'],
  ['base64', Buffer.from('not to be decoded').toString('base64')],
];
/** A sealed value has at most 65,535 bytes of UTF-8. The emulator counts no more exactly than the service. */
export const LONG_VALUES: readonly (readonly [what: string, value: string])[] = [
  ['32,000 letters', 'x'.repeat(32_000)],
  ['21,000 characters of three bytes', '漢'.repeat(21_000)],
];

/** One value of every type of the service, in plaintext next to sealed ones. */
export const CLEAR_VALUES: Readonly<Record<string, PeerValue>> = {
  text: { type: 'String', value: 'clear ü' },
  int32: { type: 'Int32', value: -2_147_483_648 },
  int64: { type: 'Int64', value: '9223372036854775807' },
  double: { type: 'Double', value: 1.5 },
  boolean: { type: 'Boolean', value: true },
  date: { type: 'DateTime', value: '2026-02-28T23:59:58.123Z' },
  guid: { type: 'Guid', value: '12345678-90ab-cdef-1234-567890abcdef' },
  binary: { type: 'Binary', value: Buffer.from([0, 1, 254, 255]).toString('base64') },
};

export const WHOLE_SECONDS: PeerValue = { type: 'DateTime', value: '2026-02-28T23:59:58Z' };

export const NAMES = ['name', 'Überschrift', '名前', '_underscore', 'n1', 'x'.repeat(200)];

export const sealed = (value: string): PeerValue => ({ type: 'String', value, sealed: true });

interface TableRequest {
  readonly table: string;
  readonly key?: SharedKey;
  readonly resolve?: boolean;
  readonly requireEncryption?: boolean;
}

export async function peerStores(
  peer: Peer,
  entities: readonly PeerEntity[],
  options: TableRequest & { readonly batch?: boolean; readonly verb?: 'insert' | 'replace' | 'upsert' | 'merge' },
): Promise<void> {
  await ask(peer, 'table.write', { ...theirs(options), entities });
}

export async function peerGets(
  peer: Peer,
  { partitionKey, rowKey }: { readonly partitionKey: string; readonly rowKey: string },
  options: TableRequest & { readonly select?: string },
): Promise<PeerEntity> {
  const answer = await ask<{ entity: PeerEntity }>(peer, 'table.read', { ...theirs(options), partitionKey, rowKey });
  return answer.entity;
}

export async function peerQueries(
  peer: Peer,
  options: TableRequest & { readonly filter?: string; readonly select?: string },
): Promise<readonly PeerEntity[]> {
  return (await ask<{ entities: PeerEntity[] }>(peer, 'table.query', theirs(options))).entities;
}

/** A table that no other test uses. */
export async function newTable(): Promise<{ readonly table: string; readonly raw: TableClient }> {
  const table = uniqueTableName('live');
  const raw = TableClient.fromConnectionString(connectionString(), table, { allowInsecureConnection: true });
  await raw.createTable();
  return { table, raw };
}

const theirs = ({ key = KEY, ...options }: TableRequest): object => ({ ...options, key: key.theirs });

/** Two sealed properties, in the row that most cases store. */
export const row = (name: string, note = 'a note'): PeerEntity => ({
  partitionKey: 'north',
  rowKey: '17',
  properties: { name: sealed(name), note: sealed(note) },
});

/** The values of an entity by name. */
export const valuesOf = ({ properties }: PeerEntity): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(properties).map(([name, { value }]) => [name, value]));

/** `type value` of each value, whatever its form. */
export function comparable(values: object): Readonly<Record<string, string>> {
  const shown = (value: unknown): string =>
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : String(value);
  const entries = Object.entries(values) as [string, { readonly type: string; readonly value: unknown }][];
  return Object.fromEntries(entries.map(([name, { type, value }]) => [name, `${type} ${shown(value)}`]));
}
