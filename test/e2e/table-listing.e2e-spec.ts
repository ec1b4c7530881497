import {
  Encrypt,
  EncryptedEntity,
  type EncryptedTableClient,
  KeyUnavailableError,
  type TableDecryptionFailure,
} from 'nestjs-azure-encrypted-storage';
import { ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY } from '../../src/wire/entity-metadata.js';
import { uniqueTableName } from '../support/azurite.js';
import { tableOf, tablePolicy } from '../support/tables.js';

@EncryptedEntity<Note>({ table: 'notes', clear: ['ward'] })
class Note {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() text!: string;
  @Encrypt() size!: number;
  ward!: string;
}

const tableName = uniqueTableName('listed');
let notes: EncryptedTableClient<Note>;
let failures: TableDecryptionFailure[] = [];
const onDecryptionFailed = (failure: TableDecryptionFailure): void => void failures.push(failure);

async function all(options: Parameters<typeof notes.listEntities>[0], table = notes): Promise<Note[]> {
  const found = [];
  for await (const note of table.listEntities(options)) found.push(note);
  return found;
}
const rowKeysOf = (rows: readonly { readonly rowKey?: string }[]): string => rows.map(({ rowKey }) => rowKey).join('');

beforeAll(async () => {
  notes = tableOf(Note, tableName);
  await notes.createTable();
  for (let row = 0; row < 7; row++) {
    await notes.createEntity({ partitionKey: 'p', rowKey: `${row}`, text: `text ${row}`, size: row, ward: 'w' });
  }
  await notes.unencryptedClient.updateEntity({ partitionKey: 'p', rowKey: '2', text: Buffer.alloc(15) }, 'Merge');
  await notes.unencryptedClient.updateEntity({ partitionKey: 'p', rowKey: '4', text: 'plain', ward: 'w' }, 'Replace');
});
beforeEach(() => {
  failures = [];
});

describe('a row that cannot be decrypted', () => {
  it('is reported with its keys and skipped, while the others are returned', async () => {
    const found = await all({ onDecryptionFailed });

    expect(rowKeysOf(found)).toBe('01356');
    expect(failures.map(({ partitionKey, rowKey, error }) => [partitionKey, rowKey, error.code])).toEqual([
      ['p', '2', 'DECRYPTION_FAILED'],
      ['p', '4', 'PLAINTEXT_NOT_ALLOWED'],
    ]);
    expect(failures[0]).toMatchObject({ tableName, table: notes.unencryptedClient });
    expect(failures[0]?.row).toMatchObject({ ward: 'w', text: Buffer.alloc(15) });
    expect(failures[0]?.row).toHaveProperty(ENCRYPTION_DATA_PROPERTY);
  });

  it('is only missing from its own page, and continuation tokens still work', async () => {
    const pages = [];
    let continuationToken: string | undefined;
    do {
      const next = await notes
        .listEntities({ onDecryptionFailed })
        .byPage({ maxPageSize: 2, continuationToken })
        .next();
      const page = next.value as Note[] & { continuationToken?: string };
      pages.push(rowKeysOf(page));
      ({ continuationToken } = page);
    } while (continuationToken !== undefined);

    expect(pages).toEqual(['01', '3', '5', '6']);
  });

  it('makes the page throw without a handler, and a single read always', async () => {
    await expect(all({ queryOptions: { filter: "RowKey le '3'" } })).rejects.toMatchObject({
      code: 'DECRYPTION_FAILED',
    });
    await expect(notes.getEntity('p', '2')).rejects.toMatchObject({ code: 'DECRYPTION_FAILED' });
  });

  it('causes no error if its sealed properties are not requested', async () => {
    const found = await all({ queryOptions: { select: ['size'], filter: "RowKey eq '2'" } });

    expect(found.map((note) => ({ ...note }))).toEqual([expect.objectContaining({ size: 2 })]);
  });

  it('ends the call if its handler throws', async () => {
    const refuse = (): never => {
      throw new Error('enough');
    };

    await expect(all({ onDecryptionFailed: refuse })).rejects.toThrow('enough');
  });

  it('is not blamed for an unreachable key', async () => {
    const keyResolver = (keyId: string): never => {
      throw new KeyUnavailableError(keyId);
    };
    const cut = tableOf(Note, tableName, tablePolicy({ keyEncryptionKey: undefined, keyResolver }));

    await expect(all({ onDecryptionFailed }, cut)).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' });
    expect(failures).toEqual([]);
  });
});

describe('a projection', () => {
  const shown = [
    [['text'], ['text']],
    [
      ['rowKey', 'size'],
      ['rowKey', 'size'],
    ],
    [
      ['RowKey', 'PartitionKey'],
      ['partitionKey', 'rowKey'],
    ],
    [['ward', 'nothing'], ['ward']],
  ] as const;

  it.each(shown)('of %j returns %j, without the columns that decryption needs', async (select, expected) => {
    const options = { queryOptions: { select: [...select], filter: "RowKey eq '3'" } };
    const page = await notes.listEntities(options).byPage().next();
    const [listed] = await all(options);
    const single = await notes.getEntity('p', '3', { queryOptions: { select: [...select] } });

    for (const note of [listed, (page.value as Note[])[0], single]) {
      expect(note).toBeInstanceOf(Note);
      const names = Object.keys(note!).filter((name) => !name.startsWith('odata.') && name !== 'etag');
      expect(names.sort()).toEqual([...expected]);
      for (const name of [ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY]) expect(note).not.toHaveProperty([name]);
    }
  });
});
