/** Rows with search tags, which other SDKs read, find and change without knowledge of tags. */
import {
  Encrypt,
  EncryptedEntity,
  type EncryptedTableClient,
  runMaintenance,
  Searchable,
} from 'nestjs-azure-encrypted-storage';
import { newTable, peerGets, peerQueries, peerStores, row, valuesOf } from './entity-cases.js';
import { ours } from './our-entities.js';
import { PeerProcess } from './peer-process.js';
import { stopPeersAfterAll, TABLE_PEERS } from './peers.js';
import { closeStorageAfterAll } from './storage.js';

stopPeersAfterAll();
closeStorageAfterAll();

@EncryptedEntity({ table: 'patients' })
class Patient {
  [Searchable]?: 'name';
  partitionKey!: string;
  rowKey!: string;
  @Encrypt({ searchable: true }) name!: string;
  @Encrypt() note?: string;
}

const SEARCH_KEY = Buffer.alloc(32, 9).toString('base64');
const KEYS = { partitionKey: 'north', rowKey: '17' };

async function named(patients: EncryptedTableClient<Patient>, name: string): Promise<readonly string[]> {
  const where = patients.where('partitionKey', 'eq', 'north').and('name', 'eq', name);
  const found: string[] = [];
  for await (const { rowKey } of patients.listEntities({ where })) found.push(rowKey);
  return found;
}

async function tagged() {
  const { table } = await newTable();
  const patients = await ours(Patient, table, { searchKey: SEARCH_KEY });
  await patients.createEntity({ ...KEYS, name: 'Jane', note: 'a note' });
  return { table, patients };
}

for (const peer of TABLE_PEERS) {
  const describeHere = PeerProcess.has(peer.runtime) ? describe : describe.skip;
  describeHere(`a row with signed search tags, and ${peer.title}`, () => {
    it('is read, with the tag as one more property, and found by the tag', async () => {
      const { table, patients } = await tagged();
      const tag = await patients.searchTag('name', 'Jane', KEYS);

      const found = await peerQueries(peer, { table, filter: `azcse_t_name eq '${tag}'` });

      const values = { name: 'Jane', note: 'a note', azcse_t_name: tag };
      expect(valuesOf(await peerGets(peer, KEYS, { table }))).toMatchObject(values);
      expect(found.map(valuesOf)).toEqual([expect.objectContaining(values)]);
    });

    it('is changed with its old tag: readable, not found by either name, found after reindex', async () => {
      const { table, patients } = await tagged();
      const tag = await patients.searchTag('name', 'Jane', KEYS);
      const { properties } = row('Joan');
      const changed = { ...properties, azcse_t_name: { type: 'String', value: tag } } as const;
      await peerStores(peer, [{ ...KEYS, properties: changed }], { table, verb: 'replace' });

      expect(await patients.getEntity('north', '17')).toMatchObject({ name: 'Joan', note: 'a note' });
      expect([await named(patients, 'Jane'), await named(patients, 'Joan')]).toEqual([[], []]);
      const job = { name: 'tags', task: { do: 'reindex' }, sources: [patients.forMaintenance()] } as const;
      const report = await runMaintenance(job);

      expect(report).toMatchObject({ outcomes: { done: 1 }, census: { tags: { mismatched: 0, untagged: 0 } } });
      expect([await named(patients, 'Jane'), await named(patients, 'Joan')]).toEqual([[], ['17']]);
      expect(valuesOf(await peerGets(peer, KEYS, { table }))).toMatchObject({ name: 'Joan', note: 'a note' });
    });
  });
}
