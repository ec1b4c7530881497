/** Stored rows, through the client's own `getEntity` over an SDK client that answers from memory. */
import { TableClient } from '@azure/data-tables';
import {
  Encrypt,
  EncryptedEntity,
  type EntityClass,
  EncryptedTableService,
  type KeyEncryptionKey,
  Sign,
} from 'nestjs-azure-encrypted-storage';
import { wrong } from '../outcome.js';
import type { Decoder } from './decoder.js';
import type { Random } from '../random.js';
import { mutateBytes, mutateText } from './mutate.js';
import { boundSeedsOf, type Seed, seedsOf } from './vectors.js';

let answered: string;
const client = new TableClient('http://127.0.0.1/account', 'rows', {
  httpClient: {
    sendRequest: async (request) => {
      const { headers } = request;
      headers.set('content-type', 'application/json;odata=fullmetadata');
      return { request, status: 200, headers, bodyAsText: answered };
    },
  },
  allowInsecureConnection: true,
  retryOptions: { maxRetries: 0 },
});

function classOf({ encryptedProperties = [], signedProperties = [] }: Seed): EntityClass {
  const [seal, sign] = [Encrypt() as PropertyDecorator, Sign() as PropertyDecorator];
  class Row {}
  for (const name of encryptedProperties) seal(Row.prototype, name);
  for (const name of signedProperties) sign(Row.prototype, name);
  EncryptedEntity({ clear: '*' })(Row);
  return Row;
}

interface StoredRow {
  readonly seed: Seed;
  readonly text: string;
  readonly read: (text: string) => Promise<object>;
  /** The covered values of a row with integrity entries, which must not change. */
  readonly covered: string | undefined;
}

async function storedRow(seed: Seed): Promise<StoredRow> {
  const { key, context, entity } = seed;
  const keyResolver = (keyId: string): KeyEncryptionKey | null => (keyId === key.keyId ? key : null);
  const service = new EncryptedTableService(() => client, {
    ...{ protocol: '1.0', keyResolver, requireEncryption: true },
    ...(context === undefined ? {} : { context: () => context }),
  });
  const table = service.getTableClient(classOf(seed), 'rows');
  const read = async (text: string): Promise<object> => {
    answered = text;
    return table.getEntity(entity!.PartitionKey, entity!.RowKey);
  };
  const text = JSON.stringify(seed.stored.fullmetadata);
  return { seed, text, read, covered: seed.isBound ? coveredBy(seed, await read(text)) : undefined };
}

function coveredBy({ encryptedProperties = [], signedProperties = [] }: Seed, row: object): string {
  const names = [...encryptedProperties, ...signedProperties];
  const shown = (_name: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);
  return JSON.stringify(
    names.map((name) => (row as Record<string, unknown>)[name]),
    shown,
  );
}

const rows: StoredRow[] = [];
for (const seed of [...seedsOf('table'), ...boundSeedsOf('table')]) {
  if (seed.isBound || (seed.encryptedProperties ?? []).length > 0) rows.push(await storedRow(seed));
}

/** What a writer of rows can store: other values of the service's types, under existing or new names. */
function mutateRow(text: string, random: Random): string {
  const row = JSON.parse(text) as Record<string, unknown>;
  const names = Object.keys(row).filter((name) => !name.includes('odata.') && !KEPT.includes(name));
  for (let left = random.between(1, 3); left > 0; left -= 1) {
    const name = random.chance(0.9) ? random.pick(names) : random.pick(EXTRA);
    const [type, value] = changedValue(row[name], random);
    delete row[`${name}@odata.type`];
    if (type === null) delete row[name];
    else row[name] = value;
    if (typeof type === 'string') row[`${name}@odata.type`] = type;
  }
  return JSON.stringify(row);
}

/** The service itself sets these. */
const KEPT = ['PartitionKey', 'RowKey', 'Timestamp'];
const EXTRA = ['constructor', '__proto__', 'extra', '_ClientEncryptionMetadata3'];

/** A type that JSON does not show, or `null` for a removed property. */
function changedValue(value: unknown, random: Random): readonly [type: string | null | undefined, value?: unknown] {
  const text = typeof value === 'string' ? value : '';
  switch (random.between(0, 6)) {
    case 0:
      return [null];
    case 1:
      return [undefined, random.pick([true, 0, -1.5, '', 'text', mutateText(text, random)])];
    case 2:
      return ['Edm.Int64', '9007199254740993'];
    case 3:
      return ['Edm.Binary', Buffer.from(mutateText(text, random)).toString('base64')];
    default:
      if (text.startsWith('{')) return [undefined, mutateText(text, random)];
      return ['Edm.Binary', mutateBytes(Buffer.from(text, 'base64'), random).toString('base64')];
  }
}

export const entities: Decoder = {
  name: 'entities',
  share: 1,
  input: (random) => {
    const { seed, text, read, covered } = random.pick(rows);
    const shown = mutateRow(text, random);
    return {
      shown,
      open: async () => {
        const row = await read(shown);
        if (Object.getPrototypeOf(row) === null) return wrong('not an instance of its class');
        return covered === undefined || coveredBy(seed, row) === covered ? undefined : wrong('another covered value');
      },
    };
  },
};
