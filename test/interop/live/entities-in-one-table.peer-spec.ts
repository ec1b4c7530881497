/** Rows of every writer in one table: each reader must determine from each row how its IVs are derived. */
import { newTable, peerQueries, peerStores, row } from './entity-cases.js';
import { entityOf, listed, ours, PATIENT } from './our-entities.js';
import { PeerProcess } from './peer-process.js';
import { stopPeersAfterAll, TABLE_PEERS } from './peers.js';
import { closeStorageAfterAll } from './storage.js';

stopPeersAfterAll();
closeStorageAfterAll();

const peers = TABLE_PEERS.filter(({ runtime }) => PeerProcess.has(runtime));
const describeHere = peers.length > 0 ? describe : describe.skip;

describeHere('entities of every writer, in one table', () => {
  const names = ['this package', ...peers.map(({ title }) => title)];
  let table: string;

  beforeAll(async () => {
    ({ table } = await newTable());
    await (await ours(PATIENT, table)).createEntity({ ...entityOf(row('this package')), rowKey: '0' });
    for (const [at, peer] of peers.entries()) {
      await peerStores(peer, [{ ...row(peer.title), rowKey: String(at + 1) }], { table });
    }
  });

  it('are read by this package, whichever order their IVs are made in', async () => {
    expect((await listed(await ours(PATIENT, table))).map(({ name }) => name)).toEqual(names);
  });

  for (const peer of TABLE_PEERS) {
    const itHere = peers.includes(peer) ? it : it.skip;
    itHere(`are read by ${peer.title}`, async () => {
      const rows = await peerQueries(peer, { table });
      expect(rows.map(({ properties }) => properties['name']?.value)).toEqual(names);
    });
  }
});
