/**
 * Nonces of regions. Writers count; there are three ways of writing the count down in 12 bytes:
 *
 *     Python   region, big-endian, 96 bits
 *     Java     region, big-endian, 64 bits || 0 0 0 0
 *     .NET     0 0 0 0 || region + 1, little-endian, 64 bits           <- the one we write: every reader takes it
 *
 * A reader keeps the ways that fit all regions seen so far. None left means that regions were moved, doubled or left out.
 * Regions cut off at the end leave no trace (SECURITY.md, "Truncation"). Source: docs/formats.md, "Nonces".
 */
import { NONCE_LENGTH } from '../../crypto/aes-gcm.js';
import { equalBytes } from '../../crypto/bytes.js';
import { RegionOutOfOrderError } from '../../errors/content.js';

/** The nonce of a region; regions count from 0. */
export type NonceScheme = (region: number) => Buffer;

export const bigEndian96: NonceScheme = (region) => {
  const nonce = Buffer.alloc(NONCE_LENGTH);
  nonce.writeBigUInt64BE(BigInt(region), 4);
  return nonce;
};

export const bigEndian64: NonceScheme = (region) => {
  const nonce = Buffer.alloc(NONCE_LENGTH);
  nonce.writeBigUInt64BE(BigInt(region), 0);
  return nonce;
};

export const littleEndianFromOne: NonceScheme = (region) => {
  const nonce = Buffer.alloc(NONCE_LENGTH);
  nonce.writeBigUInt64LE(BigInt(region) + 1n, 4);
  return nonce;
};

const schemes: readonly NonceScheme[] = [littleEndianFromOne, bigEndian96, bigEndian64];

/** Names of the schemes, by who is known to write so. */
const NAMES = new Map<NonceScheme, string>([
  [littleEndianFromOne, 'from 1, little-endian (.NET, this package)'],
  [bigEndian96, 'from 0, big-endian 96 (Python)'],
  [bigEndian64, 'from 0, big-endian 64 (Java)'],
]);

/** Names of the schemes that give this nonce for this region. */
export const waysOf = (region: number, nonce: Uint8Array): readonly string[] =>
  schemes.filter((scheme) => equalBytes(scheme(region), nonce)).map((scheme) => NAMES.get(scheme) ?? '');

/** Told of every nonce that is read; throws {@link RegionOutOfOrderError} for one that no writer put there. */
export type NonceCheck = (region: number, nonce: Uint8Array) => void;

/** One check for all windows of one content: the way of counting is pinned by the first region seen of any of them. */
export interface NonceOrder {
  readonly check: NonceCheck;
  /**
   * Whether the nonce, at this region, may be that of another region of a writer who counts in another way, and region 0, once it
   * is opened, tells which of the two it is.
   */
  readonly isAmbiguous: (region: number, nonce: Uint8Array) => boolean;
}

/** @param mostRegions - more than this, no content has */
export function nonceOrder(counting: 'any' | 'ours', mostRegions: number): NonceOrder {
  let candidates: readonly NonceScheme[] = counting === 'ours' ? [littleEndianFromOne] : schemes;
  const fitting = (region: number, nonce: Uint8Array): readonly NonceScheme[] =>
    candidates.filter((scheme) => equalBytes(scheme(region), nonce));
  return {
    check: (region, nonce) => {
      candidates = fitting(region, nonce);
      if (candidates.length === 0) throw new RegionOutOfOrderError(region);
    },
    isAmbiguous: (region, nonce) =>
      fitting(region, nonce).some((here) =>
        candidates.some((elsewhere) => isToldApart({ here, elsewhere }, { region, nonce, mostRegions })),
      ),
  };
}

/**
 * Where `elsewhere` wrote the nonce it belongs to a later or earlier region. Region 0 gives such a writer away, unless content
 * that has that region has one whose nonce is that of region 0 in `here` too: 16,777,216 of Java is region 0 of .NET.
 */
function isToldApart(
  { here, elsewhere }: { readonly here: NonceScheme; readonly elsewhere: NonceScheme },
  { region, nonce, mostRegions }: { readonly region: number; readonly nonce: Uint8Array; readonly mostRegions: number },
): boolean {
  const other = regionOf(elsewhere, nonce);
  if (other === null || other === region || other >= mostRegions) return false;
  const standIn = regionOf(elsewhere, here(0));
  return standIn === null || standIn > other;
}

/** The region that has this nonce in a way of counting. */
function regionOf(scheme: NonceScheme, nonce: Uint8Array): number | null {
  const bytes = Buffer.from(nonce);
  const counts = [bytes.readBigUInt64BE(0), bytes.readBigUInt64BE(4), bytes.readBigUInt64LE(4) - 1n].map(Number);
  const isIt = (count: number): boolean =>
    Number.isSafeInteger(count) && count >= 0 && equalBytes(scheme(count), nonce);
  return counts.find(isIt) ?? null;
}

/**
 * For content that is one region: there is no order, and writers with random nonces exist, but a nonce that counts as another
 * region's tells that the regions before it were cut off.
 */
export const loneRegionCheck: NonceCheck = (region, nonce) => {
  if (!mayStandAlone(nonce)) throw new RegionOutOfOrderError(region);
};

/** Whether content of one region may have this nonce. */
export const mayStandAlone = (nonce: Uint8Array): boolean =>
  schemes.some((scheme) => equalBytes(scheme(0), nonce)) || !countsAsAnother(Buffer.from(nonce));

/** Whether the four bytes that one of the schemes leaves zero are zero: by chance once in 2^31. */
const countsAsAnother = (nonce: Buffer): boolean => nonce.readUInt32BE(0) === 0 || nonce.readUInt32BE(8) === 0;

export const anyNonce: NonceCheck = () => undefined;
