/**
 * What peers cannot do or get wrong with blobs. blob-faults.peer-spec.ts checks each, and the other files avoid them.
 */
import { type Range, rangesAtTheEnd, rangesBeyondTheEnd } from './blob-cases.js';
import { BLOB_PEERS, isPython, type Peer, type Protocol } from './peers.js';

const isOneOf =
  (...versions: readonly string[]) =>
  ({ version }: Peer): boolean =>
    versions.includes(version);

/** 12.14 and 12.15 support 2.0, but otherwise differ from their successors. */
const isEarlyV2 = isOneOf('12.14.0b1', '12.15.0b1');

/**
 * Ranges of 1.0 block blobs that return too little: those that include the last 16-byte block but start or end inside
 * it.
 */
export function shortRanges(peer: Peer, protocol: Protocol, size: number): readonly Range[] {
  if (!isPython(peer) || protocol !== '1.0') return [];
  const [whole, last, tail, , beyond] = rangesAtTheEnd(size) as [Range, Range, Range, Range, Range, Range];
  return isEarlyV2(peer) ? [whole, last, tail] : [whole, last, tail, beyond];
}

/** The same for page blobs. */
export function shortPageRanges(peer: Peer, size: number): readonly Range[] {
  if (!isPython(peer)) return [];
  const [tail, whole] = rangesBeyondTheEnd(size) as [Range, Range];
  return isEarlyV2(peer) ? [whole] : [tail, whole];
}

export const withoutRanges = (ranges: readonly Range[], left: readonly Range[]): readonly Range[] =>
  ranges.filter(([offset, count]) => !left.some(([o, c]) => o === offset && c === count));

/** Those that find `encryptiondata` only in lower case, and what they do with any other spelling. */
export function otherCaseIs(peer: Peer, protocol: Protocol): 'read' | 'refused' | 'empty' {
  if (isOneOf('2.0.1', '1.2.0rc1', '8.6.6')(peer)) return 'refused';
  return isEarlyV2(peer) && protocol === '2.0' ? 'empty' : 'read';
}

/** Releases that require a key if encryption is required, even if they have a resolver. */
export const needsKeyDespiteResolver = isOneOf('12.15.0b1', '12.14.0b1', '12.12.0', '12.3.1');

/** Those that send a key id unchanged in a header, which allows only ASCII. */
export const sendsRawKeyIds = (peer: Peer): boolean => !isPython(peer);

export const unreadableVersions: readonly (readonly [peer: Peer, protocol: Protocol])[] = BLOB_PEERS.flatMap((peer) =>
  (['2.0', '2.1'] as const).filter((protocol) => !peer.reads.includes(protocol)).map((p) => [peer, p] as const),
);

/** Those that accept regions in any order. */
export const ignoresRegionOrder = isOneOf('12.14.0b1', '12.15.0b1', '12.32.1');

/** The current Java SDK, which has clients only for block blobs. */
export const hasNoPageBlobs = ({ sdk }: Peer): boolean => sdk === 'azure-storage-blob-cryptography';
