/** What peers cannot do or get wrong with blobs. blob-faults.peer-spec.ts holds each to be still so, the other files step around. */
import { type Range, rangesAtTheEnd, rangesBeyondTheEnd } from './blob-cases.js';
import { BLOB_PEERS, isPython, type Peer, type Protocol } from './peers.js';

const isOneOf =
  (...versions: readonly string[]) =>
  ({ version }: Peer): boolean =>
    versions.includes(version);

/** 12.14 and 12.15 know 2.0, but are otherwise not like their successors. */
const isEarlyV2 = isOneOf('12.14.0b1', '12.15.0b1');

/** Ranges of block blobs of 1.0 that come back short: those that name the last 16-byte block but start or end inside of it. */
export function shortRanges(peer: Peer, protocol: Protocol, size: number): readonly Range[] {
  if (!isPython(peer) || protocol !== '1.0') return [];
  const [whole, last, tail, , beyond] = rangesAtTheEnd(size) as [Range, Range, Range, Range, Range, Range];
  return isEarlyV2(peer) ? [whole, last, tail] : [whole, last, tail, beyond];
}

/** The same with page blobs. */
export function shortPageRanges(peer: Peer, size: number): readonly Range[] {
  if (!isPython(peer)) return [];
  const [tail, whole] = rangesBeyondTheEnd(size) as [Range, Range];
  return isEarlyV2(peer) ? [whole] : [tail, whole];
}

export const withoutRanges = (ranges: readonly Range[], left: readonly Range[]): readonly Range[] =>
  ranges.filter(([offset, count]) => !left.some(([o, c]) => o === offset && c === count));

/** Those that find `encryptiondata` in lower case only, and what they do about any other. */
export function otherCaseIs(peer: Peer, protocol: Protocol): 'read' | 'refused' | 'empty' {
  if (isOneOf('2.0.1', '1.2.0rc1', '8.6.6')(peer)) return 'refused';
  return isEarlyV2(peer) && protocol === '2.0' ? 'empty' : 'read';
}

/** Releases that require a key, if encryption is required, even though they have a resolver. */
export const needsKeyBesideResolver = isOneOf('12.15.0b1', '12.14.0b1', '12.12.0', '12.3.1');

/** Those that send a key id as it is in a header, where only ASCII is allowed. */
export const sendsRawKeyIds = (peer: Peer): boolean => !isPython(peer);

export const unreadableVersions: readonly (readonly [peer: Peer, protocol: Protocol])[] = BLOB_PEERS.flatMap((peer) =>
  (['2.0', '2.1'] as const).filter((protocol) => !peer.reads.includes(protocol)).map((p) => [peer, p] as const),
);

/** Those that read regions in any order. */
export const ignoresRegionOrder = isOneOf('12.14.0b1', '12.15.0b1', '12.32.1');

/** The current Java SDK, which has clients for block blobs only. */
export const hasNoPageBlobs = ({ sdk }: Peer): boolean => sdk === 'azure-storage-blob-cryptography';
