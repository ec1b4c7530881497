/**
 * A cell of the matrix: one writer and one reader of one protocol. matrix-reporter.mjs creates the matrix from the
 * titles of its `describe` blocks, so a cell reports what its tests found and nothing else.
 */
import { PeerProcess } from './peer-process.js';
import type { Peer, Protocol } from './peers.js';

export type Service = 'blobs' | 'messages' | 'entities';

export interface Cell {
  readonly service: Service;
  readonly protocol: Protocol | '1.0 pages';
  readonly peer: Peer;
  /** `reads`: the peer reads what this package wrote. `writes`: the reverse. */
  readonly peerDoes: 'reads' | 'writes';
}

/** The tests of a cell, which are skipped if the machine lacks the peer. */
export function describeCell({ service, protocol, peer, peerDoes }: Cell, tests: () => void): void {
  const describeHere = PeerProcess.has(peer.runtime) ? describe : describe.skip;
  describeHere(service, () => {
    describe(peer.title, () => {
      describe(`${peerDoes} ${protocol}`, tests);
    });
  });
}

/**
 * What the peer cannot do or gets wrong. The test passes as long as the fault exists. The fault is a sentence in the
 * matrix; if a cell has no other tests, it shows "no".
 */
export function itIsKnownThat(fault: string, test: () => Promise<void>): void {
  it(`known: ${fault}`, test);
}

/** What the SDKs report for a version that they do not know. */
export const UNKNOWN_VERSION =
  /Unsupported encryption version|Encryption version is not supported|No enum constant .*AES_GCM_256/;
