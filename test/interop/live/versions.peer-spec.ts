/** Checks that the versions in the matrix are the ones that were tested. */
import { PeerProcess } from './peer-process.js';
import { ask, BLOB_PEERS, QUEUE_PEERS, stopPeersAfterAll, TABLE_PEERS } from './peers.js';

stopPeersAfterAll();

const peers = [...BLOB_PEERS, ...QUEUE_PEERS, ...TABLE_PEERS].map((peer) => [peer.title, peer] as const);

describe('the version of', () => {
  for (const [title, peer] of peers) {
    const itHere = PeerProcess.has(peer.runtime) ? it : it.skip;
    itHere(title, async () => {
      expect(await ask(peer, 'version', {})).toEqual({ version: peer.version });
    });
  }
});
