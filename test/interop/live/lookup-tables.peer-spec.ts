/** Rows with entries in a lookup table, which other SDKs read and change without knowledge of tags and entries. */
import {
  Encrypt,
  EncryptedEntity,
  type EncryptedTableClient,
  runMaintenance,
  Searchable,
} from 'nestjs-azure-encrypted-storage';
import { newTable, peerGets, peerQueries, peerStores, sealed, valuesOf } from './entity-cases.js';
import { ours } from './our-entities.js';
import { PeerProcess } from './peer-process.js';
import { stopPeersAfterAll, TABLE_PEERS } from './peers.js';
import { closeStorageAfterAll } from './storage.js';

stopPeersAfterAll();
closeStorageAfterAll();

@EncryptedEntity({ table: 'members' })
class Member {
  [Searchable]?: 'name' | 'email';
  partitionKey!: string;
  rowKey!: string;
  @Encrypt({ searchable: { lookup: true, scope: 'table' } }) name!: string;
  @Encrypt({ searchable: { lookup: 'unique', scope: 'table' } }) email!: string;
}

const SEARCH_KEY = Buffer.alloc(32, 9).toString('base64');
const KEYS = { partitionKey: 'north', rowKey: '17' };
const JANE = { ...KEYS, name: 'Jane', email: 'jane@example.org' };
const JOAN = { name: 'Joan', email: 'joan@example.org' };

async function listed() {
  const { table } = await newTable();
  const members = await ours(Member, table, { searchKey: SEARCH_KEY });
  await members.createTable();
  await members.createEntity(JANE);
  const tags = {
    azcse_t_name: await members.searchTag('name', JANE.name),
    azcse_t_email: await members.searchTag('email', JANE.email),
  };
  return { table, members, tags };
}

/** How many rows are found by the name, and by the address. */
async function found(members: EncryptedTableClient<Member>, { name, email }: typeof JOAN): Promise<readonly number[]> {
  const counts: number[] = [];
  for (const where of [members.where('name', 'eq', name), members.where('email', 'eq', email)]) {
    let count = 0;
    for await (const { rowKey } of members.listEntities({ where })) if (rowKey === KEYS.rowKey) count += 1;
    counts.push(count);
  }
  return counts;
}

for (const peer of TABLE_PEERS) {
  const describeHere = PeerProcess.has(peer.runtime) ? describe : describe.skip;
  describeHere(`a row with entries in a lookup table, and ${peer.title}`, () => {
    it('is read, and its entries are plain rows with its keys', async () => {
      const { table, tags } = await listed();

      expect(valuesOf(await peerGets(peer, KEYS, { table }))).toMatchObject({
        name: JANE.name,
        email: JANE.email,
        ...tags,
      });
      const entries = await peerQueries(peer, { table: `${table}lookup`, requireEncryption: false });
      expect(entries.map(({ partitionKey }) => partitionKey).sort()).toEqual(
        [`email.${tags.azcse_t_email}`, `name.${tags.azcse_t_name}`].sort(),
      );
      for (const entry of entries) expect(valuesOf(entry)).toMatchObject({ pk: 'north', rk: '17' });
    });

    it('is changed with its old tags: found by neither value, and by the new one after reindex', async () => {
      const { table, members, tags } = await listed();
      const properties = {
        ...{ name: sealed(JOAN.name), email: sealed(JOAN.email) },
        ...{ azcse_t_name: { type: 'String', value: tags.azcse_t_name } as const },
        ...{ azcse_t_email: { type: 'String', value: tags.azcse_t_email } as const },
      };
      await peerStores(peer, [{ ...KEYS, properties }], { table, verb: 'replace' });

      expect(await members.getEntity('north', '17')).toMatchObject(JOAN);
      expect([await found(members, JANE), await found(members, JOAN)]).toEqual([
        [0, 0],
        [0, 0],
      ]);
      const sources = [members.forMaintenance(), members.lookupsForMaintenance()];
      const report = await runMaintenance({ name: 'tags', task: { do: 'reindex' }, sources });

      expect(report.census.tags).toEqual({ untagged: 0, mismatched: 0, outdated: 0, unlisted: 0, leftover: 0 });
      expect([await found(members, JANE), await found(members, JOAN)]).toEqual([
        [0, 0],
        [1, 1],
      ]);
      expect(valuesOf(await peerGets(peer, KEYS, { table }))).toMatchObject(JOAN);
      await members.createEntity({ ...JANE, rowKey: '18' });
    });
  });
}
