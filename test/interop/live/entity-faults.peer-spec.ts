/**
 * Checks that known faults of peers with entities still exist. A test that fails here is good news: see
 * entity-faults.ts.
 */
import { Encrypt, EncryptedEntity, type EncryptedTableClient } from 'nestjs-azure-encrypted-storage';
import { describeCell, itIsKnownThat } from './cells.js';
import { newTable, type PeerEntity, peerGets, peerQueries, peerStores, sealed } from './entity-cases.js';
import { doublesQuotes, keepsMilliseconds, readsEmptyKeys, selectsKeysItself } from './entity-faults.js';
import { stopPeersAfterAll, TABLE_PEERS } from './peers.js';
import { closeStorageAfterAll, storageOf } from './storage.js';

stopPeersAfterAll();
closeStorageAfterAll();

@EncryptedEntity<Patient>({ table: 'patients', clear: ['born'] })
class Patient {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
  born?: Date;
}

const ours = async (table: string): Promise<EncryptedTableClient<Patient>> =>
  (await storageOf()).tables.getTableClient(Patient, table);

const row = (partitionKey = 'north', rowKey = '17'): PeerEntity => {
  return { partitionKey, rowKey, properties: { name: sealed('Jane') } };
};

for (const peer of TABLE_PEERS) {
  describeCell({ service: 'entities', protocol: '1.0', peer, peerDoes: 'writes' }, () => {
    if (!keepsMilliseconds(peer)) {
      itIsKnownThat('a DateTime is cut to whole seconds', async () => {
        const { table } = await newTable();
        const born = { type: 'DateTime', value: '2026-02-28T23:59:58.123Z' } as const;
        await peerStores(peer, [{ ...row(), properties: { ...row().properties, born } }], { table });

        expect((await (await ours(table)).getEntity('north', '17')).born).toEqual(new Date('2026-02-28T23:59:58Z'));
      });
    }

    if (!doublesQuotes(peer)) {
      itIsKnownThat(
        'an upsert of keys with a quote stores a row that cannot be decrypted, under other keys',
        async () => {
          const { table, raw } = await newTable();
          await peerStores(peer, [row('north', "r'1")], { table, verb: 'upsert' });

          const stored = (await raw.listEntities().next()).value;
          expect(stored).toMatchObject({ partitionKey: 'north', rowKey: 'r' });
          const reading = (await ours(table)).getEntity('north', 'r');
          await expect(reading).rejects.toMatchObject({ code: 'DECRYPTION_FAILED' });
        },
      );
    }

    itIsKnownThat('a merge is refused once there is a key', async () => {
      const { table } = await newTable();
      await peerStores(peer, [row()], { table });

      await expect(peerStores(peer, [row()], { table, verb: 'merge' })).rejects.toThrow(
        /not supported for (this method|the current operation)/,
      );
    });
  });

  describeCell({ service: 'entities', protocol: '1.0', peer, peerDoes: 'reads' }, () => {
    const written = async (partitionKey: string, rowKey: string): Promise<string> => {
      const { table } = await newTable();
      await (await ours(table)).createEntity({ partitionKey, rowKey, name: 'Jane' });
      return table;
    };

    if (!doublesQuotes(peer)) {
      itIsKnownThat('a row whose keys contain a quote cannot be fetched by its keys, only queried', async () => {
        const table = await written("o'neill", '17');
        await expect(peerGets(peer, row("o'neill"), { table })).rejects.toThrow('ResourceNotFound');
      });
    }
    if (!readsEmptyKeys(peer)) {
      itIsKnownThat('a row with an empty key cannot be decrypted', async () => {
        const table = await written('', '');
        await expect(peerGets(peer, row('', ''), { table })).rejects.toThrow("KeyError: 'PartitionKey'");
        await expect(peerQueries(peer, { table })).rejects.toThrow("KeyError: 'PartitionKey'");
      });
    }
    if (!selectsKeysItself(peer)) {
      itIsKnownThat('a projection that does not name the keys cannot be decrypted', async () => {
        const table = await written('north', '17');
        await expect(peerQueries(peer, { table, select: 'name' })).rejects.toThrow("KeyError: 'PartitionKey'");
      });
      itIsKnownThat('a projection of one row is ciphertext unless encryption is required', async () => {
        const table = await written('north', '17');
        const { properties } = await peerGets(peer, row(), { table, select: 'name', requireEncryption: false });
        expect(properties['name']?.type).toBe('Binary');
      });
    }
  });
}
