/**
 * Nonces of regions. Writers count regions, and there are three schemes for writing the number in 12 bytes:
 *
 *     Python   region, big-endian, 96 bits
 *     Java     region, big-endian, 64 bits || 0 0 0 0
 *     .NET     0 0 0 0 || region + 1, little-endian, 64 bits           <- the one we write: every reader accepts it
 *
 * A reader keeps the schemes that fit all regions so far. If none is left, regions were moved, duplicated or left out. Regions
 * cut off at the end leave no trace (SECURITY.md, "Truncation"). Source: docs/formats.md, "Nonces".
 */
import { NONCE_LENGTH } from '../../crypto/aes-gcm.js';
import { equalBytes } from '../../crypto/bytes.js';
import { RegionOutOfOrderError } from '../../errors/content.js';

/** Returns the nonce of a region. Regions count from 0. */
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

/** The schemes, with the writers that are known to use them. */
const NAMES = new Map<NonceScheme, string>([
  [littleEndianFromOne, 'from 1, little-endian (.NET, this package)'],
  [bigEndian96, 'from 0, big-endian 96 (Python)'],
  [bigEndian64, 'from 0, big-endian 64 (Java)'],
]);

const schemes: readonly NonceScheme[] = [...NAMES.keys()];

/** Names of the schemes that give this nonce for this region. */
export const waysOf = (region: number, nonce: Uint8Array): readonly string[] =>
  [...NAMES].filter(([scheme]) => equalBytes(scheme(region), nonce)).map(([, name]) => name);

/** Called with every nonce that is read. Throws {@link RegionOutOfOrderError} for one that no writer puts there. */
export type NonceCheck = (region: number, nonce: Uint8Array) => void;

/** One check for all windows of one content. The first region seen in any of them determines the scheme. */
interface NonceOrder {
  readonly check: NonceCheck;
  /**
   * Whether the nonce of this region may belong to another region in another scheme, and opening region 0 shows which of the two
   * it is.
   */
  readonly isAmbiguous: (region: number, nonce: Uint8Array) => boolean;
}

/**
 * @param mostRegions - the maximum number of regions in any content
 */
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
 * If `elsewhere` is the scheme, the nonce belongs to a later or earlier region. Region 0 reveals that scheme, unless content that
 * has this other region also has one whose nonce is that of region 0 in `here`: region 16,777,216 of Java has the nonce of region
 * 0 of .NET.
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

/** The region that has this nonce in a scheme. */
function regionOf(scheme: NonceScheme, nonce: Uint8Array): number | null {
  const bytes = Buffer.from(nonce);
  const counts = [bytes.readBigUInt64BE(0), bytes.readBigUInt64BE(4), bytes.readBigUInt64LE(4) - 1n].map(Number);
  const isIt = (count: number): boolean =>
    Number.isSafeInteger(count) && count >= 0 && equalBytes(scheme(count), nonce);
  return counts.find(isIt) ?? null;
}

/**
 * For content with a single region. There is no order to check, and some writers use random nonces. But a nonce that a scheme
 * gives to another region shows that the regions before it were cut off.
 */
export const loneRegionCheck: NonceCheck = (region, nonce) => {
  if (!mayStandAlone(nonce)) throw new RegionOutOfOrderError(region);
};

/** Whether content with a single region may have this nonce. */
export const mayStandAlone = (nonce: Uint8Array): boolean =>
  schemes.some((scheme) => equalBytes(scheme(0), nonce)) || !countsAsAnother(Buffer.from(nonce));

/** Whether the four bytes that one of the schemes leaves zero are zero. For a random nonce the chance is one in 2^31. */
const countsAsAnother = (nonce: Buffer): boolean => nonce.readUInt32BE(0) === 0 || nonce.readUInt32BE(8) === 0;

export const anyNonce: NonceCheck = () => undefined;
