import type { TableEntity } from '@azure/data-tables';
import {
  Encrypt,
  EncryptedEntity,
  type EncryptedTableClient,
  type TableDecryptionFailure,
} from 'nestjs-azure-encrypted-storage';
import { ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY } from '../../src/wire/entity-metadata.js';
import { uniqueTableName } from '../support/azurite.js';
import { requestsOf, tableOf, tablePolicy, withoutEntries } from '../support/tables.js';

@EncryptedEntity({ table: 'notes' })
class Note {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() text!: string;
}
@EncryptedEntity({ table: 'charts' })
class Chart extends Note {
  @Encrypt() allergies?: string;
}
@EncryptedEntity<Plain>({ table: 'plain', clear: ['name'] })
class Plain {
  partitionKey!: string;
  rowKey!: string;
  name!: string;
}

const METADATA = [ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY] as const;
const tableName = uniqueTableName('plaintext');
const lax = tablePolicy({ requireEncryption: false });

beforeAll(() => tableOf(Note, tableName).createTable());

describe('requireEncryption', () => {
  it('rejects plaintext rows, and accepts them alongside sealed ones if it is off', async () => {
    const name = uniqueTableName('mixed');
    const [strict, open] = [tableOf(Note, name), tableOf(Note, name, lax)];
    await strict.createTable();
    await strict.unencryptedClient.createEntity({ partitionKey: 'm', rowKey: '1', text: 'plain' });
    await strict.createEntity({ partitionKey: 'm', rowKey: '2', text: 'sealed' });

    const texts = [];
    for await (const note of open.listEntities()) texts.push(note.text);

    expect(texts).toEqual(['plain', 'sealed']);
    await expect(strict.getEntity('m', '1')).rejects.toMatchObject({ code: 'PLAINTEXT_NOT_ALLOWED' });
    await expect(strict.listEntities().next()).rejects.toMatchObject({ code: 'PLAINTEXT_NOT_ALLOWED' });
  });

  it('rejects plaintext in sealed properties, also alongside properly sealed ones', async () => {
    const keys = { partitionKey: 'planted', rowKey: '1' };
    const [strict, open] = [tableOf(Chart, tableName), tableOf(Chart, tableName, lax)];
    const refused = { code: 'PLAINTEXT_NOT_ALLOWED', message: expect.stringContaining('"allergies"') as string };
    await strict.createEntity({ ...keys, text: 'sealed' });
    await strict.unencryptedClient.updateEntity({ ...keys, allergies: 'none' }, 'Merge');

    await expect(strict.getEntity('planted', '1')).rejects.toMatchObject(refused);
    await expect(strict.updateEntity({ ...keys, text: 'x' }, 'Merge')).rejects.toMatchObject(refused);
    expect((await strict.getEntity('planted', '1', { queryOptions: { select: ['text'] } })).text).toBe('sealed');
    expect(await open.getEntity('planted', '1')).toMatchObject({ text: 'sealed', allergies: 'none' });
    await open.updateEntity({ ...keys, text: 'seals both' }, 'Merge');
    expect(await strict.getEntity('planted', '1')).toMatchObject({ text: 'seals both', allergies: 'none' });
  });

  it('reads a row in which the old Java SDK sealed nothing, but no plaintext value planted in it', async () => {
    const keys = { partitionKey: 'java', rowKey: '1' };
    const notes = tableOf(Note, tableName);
    await tableOf(Note, tableName, withoutEntries()).createEntity({ ...keys, text: 'x' });
    const { [METADATA[0]]: ours } = await notes.unencryptedClient.getEntity('java', '1');
    const data = String(ours).replace(/"EncryptionLibrary":"[^"]*"/, '"EncryptionLibrary":"Java 8.6.6"');

    await notes.unencryptedClient.updateEntity({ ...keys, [METADATA[0]]: data, other: 1 }, 'Replace');
    const found = await notes.getEntity('java', '1');
    expect(found).toMatchObject({ other: 1 });
    expect(found).not.toHaveProperty(METADATA[0]);

    await notes.unencryptedClient.updateEntity({ ...keys, text: 'planted' }, 'Merge');
    await expect(notes.getEntity('java', '1')).rejects.toMatchObject({ code: 'PLAINTEXT_NOT_ALLOWED' });
  });

  it('rejects a row of any other writer without the list of sealed properties, in both modes', async () => {
    const keys = { partitionKey: 'unlisted', rowKey: '1' };
    await tableOf(Note, tableName, withoutEntries()).createEntity({ ...keys, text: 'x' });
    const raw = tableOf(Note, tableName).unencryptedClient;
    const { [METADATA[0]]: data } = await raw.getEntity('unlisted', '1');
    await raw.updateEntity({ ...keys, [METADATA[0]]: data, other: 1 }, 'Replace');

    const refused = { code: 'INVALID_ENCRYPTION_METADATA' };
    await expect(tableOf(Note, tableName).getEntity('unlisted', '1')).rejects.toMatchObject(refused);
    await expect(tableOf(Note, tableName, lax).getEntity('unlisted', '1')).rejects.toMatchObject(refused);
  });

  it('rejects a class without encrypted properties, and accepts it if it is off', async () => {
    expect(() => tableOf(Plain, tableName)).toThrow(/PartialType, OmitType/);
    const plain = tableOf(Plain, tableName, lax);
    await plain.createEntity({ partitionKey: 'plain', rowKey: '1', name: 'a' });
    await plain.updateEntity({ partitionKey: 'plain', rowKey: '1', name: 'b' }, 'Merge');

    expect((await plain.getEntity('plain', '1')).name).toBe('b');
  });
});

@EncryptedEntity<Stay>({ table: 'stays', clear: ['ward', 'admitted'] })
class Stay {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name?: string;
  @Encrypt<Stay>({ when: (stay) => stay.isPrivate() }) room?: string | null;
  ward?: string | null;
  admitted?: Date;
  isPrivate(): boolean {
    return this.ward !== 'open';
  }
}
class LongStay extends Stay {}

describe('a property that the class does not declare', () => {
  const keys = { partitionKey: 'declared', rowKey: '1' };
  const misspelt = { ...keys, nane: 'Jane' } as unknown as TableEntity<Stay>;
  const undeclared = { code: 'UNDECLARED_PROPERTY', propertyName: 'nane' };
  const calls: readonly (readonly [string, (stays: EncryptedTableClient<Stay>) => Promise<unknown>])[] = [
    ['an insert', (stays) => stays.createEntity(misspelt)],
    ['an update', (stays) => stays.updateEntity(misspelt)],
    ['a merge', (stays) => stays.updateEntity(misspelt, 'Merge')],
    ['an upsert', (stays) => stays.upsertEntity(misspelt)],
    ['a merging upsert', (stays) => stays.upsertEntity(misspelt, 'Merge')],
    ['an action of a transaction', (stays) => stays.submitTransaction([['create', misspelt]])],
    [
      'an action after a merge that would read a row',
      (stays) =>
        stays.submitTransaction([
          ['update', { ...keys, rowKey: '2', name: 'x' }, 'Merge'],
          ['upsert', misspelt],
        ]),
    ],
    [
      'an action of another class',
      (stays) => stays.submitTransaction([['update', misspelt, 'Merge', { entityClass: LongStay }]]),
    ],
    ['an object containing null', (stays) => stays.createEntity({ ...keys, nane: null } as never)],
    ['an object of any class', (stays) => stays.createEntity(Object.assign(new (class Body {})(), misspelt))],
  ];

  it.each(calls)('is rejected by name before any request in %s', async (_what, call) => {
    for (const entity of [Stay, LongStay]) {
      const stays = tableOf(entity, tableName);
      const requests = requestsOf(stays);

      await expect(call(stays)).rejects.toMatchObject(undeclared);
      expect(requests).toEqual([]);
    }
  });

  it('is stored if encryption is not required or all is clear, and never if undefined', async () => {
    await tableOf(Stay, tableName, lax).upsertEntity(misspelt);
    expect(await tableOf(Stay, tableName).getEntity('declared', '1')).toMatchObject({ nane: 'Jane' });
    await tableOf(Stay, tableName).upsertEntity({ ...misspelt, nane: undefined } as never);
    expect(await tableOf(Stay, tableName).getEntity('declared', '1')).not.toHaveProperty('nane');
  });

  it('does not prevent writing back an entity that was read, with the properties set by the service', async () => {
    const stays = tableOf(Stay, tableName);
    await stays.upsertEntity({ ...keys, name: 'Jane', ward: 'open' });

    await stays.updateEntity(await stays.getEntity('declared', '1'));

    expect(await stays.getEntity('declared', '1')).toMatchObject({ name: 'Jane', ward: 'open' });
  });
});

describe('a condition', () => {
  const keys = { partitionKey: 'conditions', rowKey: '1' };
  const stays = tableOf(Stay, tableName);
  const raw = stays.unencryptedClient;
  const refused = { code: 'PLAINTEXT_NOT_ALLOWED', message: expect.stringContaining('"room"') as string };
  const planted = async (more: object): Promise<void> => {
    const written = tableOf(Stay, tableName, withoutEntries());
    await written.upsertEntity({ ...keys, name: 'Jane', ward: 'open', room: '12' });
    await raw.updateEntity({ ...keys, ...more }, 'Merge');
  };

  it('is evaluated on reads, which reject plaintext that violates it', async () => {
    await planted({ ward: 'private' });

    await expect(stays.getEntity('conditions', '1')).rejects.toMatchObject(refused);
    await expect(stays.updateEntity({ ...keys, name: 'x' }, 'Merge')).rejects.toMatchObject(refused);
    expect(await tableOf(Stay, tableName, lax).getEntity('conditions', '1')).toMatchObject({ room: '12' });
  });

  it('sees the complete row in a projection, which returns only the requested properties', async () => {
    await planted({ ward: 'private' });
    const select = (...names: string[]) => stays.getEntity('conditions', '1', { queryOptions: { select: names } });

    await expect(select('room')).rejects.toMatchObject(refused);
    expect((await select('name')).name).toBe('Jane');
    await planted({});
    const { etag: _etag, ...found } = await select('rowKey', 'room');
    expect(Object.keys(found).filter((name) => !name.startsWith('odata.'))).toEqual(['rowKey', 'room']);
    expect(found.room).toBe('12');
  });

  it('reports its row to the handler of a listing, also if it throws', async () => {
    @EncryptedEntity<Careless>({ table: 'careless', clear: ['ward'] })
    class Careless {
      partitionKey!: string;
      rowKey!: string;
      @Encrypt() name?: string;
      @Encrypt<Careless>({ when: ({ ward }) => ward.startsWith('p') }) room?: string;
      ward!: string;
    }
    const careless = tableOf(Careless, uniqueTableName('careless'));
    const written = tableOf(Careless, careless.tableName, withoutEntries());
    await careless.createTable();
    for (const rowKey of ['1', '2']) {
      await written.createEntity({ partitionKey: 'p', rowKey, name: 'Jane', ward: 'open', room: '12' });
    }
    await careless.unencryptedClient.updateEntity({ partitionKey: 'p', rowKey: '1', ward: 7 }, 'Merge');

    const reported: string[] = [];
    const read: string[] = [];
    const onDecryptionFailed = ({ rowKey, error }: TableDecryptionFailure) =>
      void reported.push(`${rowKey} ${error.code}`);
    for await (const { rowKey } of careless.listEntities({ onDecryptionFailed })) read.push(rowKey);

    expect([reported, read]).toEqual([['1 PLAINTEXT_NOT_ALLOWED'], ['2']]);
  });

  it.each([
    ['null in a clear property', { ward: null }],
    ['properties set by the service', { ward: 'open', timestamp: 'never', etag: 'x' }],
    ['a typed value', { ward: { type: 'String', value: 'open' } }],
  ])('decides the same on a write as on the following read: %s', async (_what, more) => {
    await stays.upsertEntity({ ...keys, name: 'Jane', room: '12', ...more } as never);

    expect(await stays.getEntity('conditions', '1')).toMatchObject({ room: '12' });
  });

  it('may read a property that another condition seals', async () => {
    @EncryptedEntity<Chain>({ table: 'chains', clear: ['ward'] })
    class Chain {
      partitionKey!: string;
      rowKey!: string;
      @Encrypt<Chain>({ when: ({ note }) => note === undefined }) room?: string | null;
      @Encrypt<Chain>({ when: ({ ward }) => ward === 'p' }) note?: string | null;
      ward?: string;
    }
    const chains = tableOf(Chain, tableName);
    for (const ward of ['p', 'q']) {
      const chain = { partitionKey: 'chain', rowKey: ward, ward, room: '12', note: null };
      await chains.upsertEntity(chain);
      const { room, note } = await chains.getEntity('chain', ward);
      expect([ward, room, note]).toEqual([ward, '12', ward === 'p' ? null : undefined]);
    }
  });
});
