/**
 * A cell of the matrix: one writer and one reader of one protocol. The titles of its `describe` blocks are what matrix-reporter.mjs
 * makes the matrix from, so a cell says what its tests saw and nothing else.
 */
import { PeerProcess } from './peer-process.js';
import type { Peer, Protocol } from './peers.js';

export type Service = 'blobs' | 'messages' | 'entities';

export interface Cell {
  readonly service: Service;
  readonly protocol: Protocol | '1.0 pages';
  readonly peer: Peer;
  /** `reads`: the peer reads what this package wrote. `writes`: the other way. */
  readonly peerDoes: 'reads' | 'writes';
}

/** The tests of a cell; skipped where the machine lacks the peer. */
export function describeCell({ service, protocol, peer, peerDoes }: Cell, tests: () => void): void {
  const describeHere = PeerProcess.has(peer.runtime) ? describe : describe.skip;
  describeHere(service, () => {
    describe(peer.title, () => {
      describe(`${peerDoes} ${protocol}`, tests);
    });
  });
}

/**
 * What the peer cannot do or gets wrong, checked to be still so: the test holds the fault. The fault is a sentence of the matrix;
 * where a cell has no other tests it says "no".
 */
export function itIsKnownThat(fault: string, test: () => Promise<void>): void {
  it(`known: ${fault}`, test);
}

/** What the SDKs say of a version that they do not know. */
export const UNKNOWN_VERSION =
  /Unsupported encryption version|Encryption version is not supported|No enum constant .*AES_GCM_256/;
