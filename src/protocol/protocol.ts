/**
 * The interface of one version of the client-side encryption scheme: how it packs the content key, lays out content, seals and
 * opens. The rest of the package uses versions only through these interfaces.
 */
import type { ByteTransform } from '../crypto/byte-transform.js';
import type { CipherPlan } from '../crypto/cipher-step.js';
import type { ContentKey } from '../crypto/content-key.js';

/**
 * Reads a member of the stored encryption data by path, in any letter case. Returns `undefined` if there is none. The value is
 * unchecked JSON; the protocol has to check it.
 */
export type ReadField = (...path: readonly string[]) => unknown;

/**
 * What is sealed: a stream of any length (block blob), whole pages that keep their length (page blob), one message, or the
 * properties of an entity.
 */
export type ContentForm = 'stream' | 'pages' | 'message' | 'entity';

/** Whether regions that are not where they were written are an error, or are read anyway (recovery only). */
export type RegionOrder = 'checked' | 'ignored';

/** A range of plaintext in bytes. Without `count` it extends to the end. */
export interface ByteRange {
  readonly offset: number;
  readonly count?: number;
}

/** The ciphertext to fetch for a range of plaintext, and what to trim from the opened plaintext. In bytes. */
export interface CipherWindow {
  readonly offset: number;
  readonly count: number;
  readonly reachesEnd: boolean;
  readonly skip: number;
  readonly take: number;
}

/** Smallest and largest number of plaintext bytes in a ciphertext. They are equal if the length alone determines it. */
export interface LengthBounds {
  readonly least: number;
  readonly most: number;
}

/** What can be determined about regions without a key. */
export interface RegionPlan {
  /** Length of a nonce in bytes. It is at the start of its region. */
  readonly nonceLength: number;
  count(ciphertextLength: number): number;
  /** Offset at which a region starts. Regions count from 0. */
  offsetOf(region: number): number;
  /** Names of the nonce schemes that give this nonce to this region. Empty for a nonce that no known writer uses. */
  waysOf(region: number, nonce: Uint8Array): readonly string[];
  /** Whether content with a single region may have this nonce. There is no order to check, and some writers use random nonces. */
  mayStandAlone(nonce: Uint8Array): boolean;
}

/** The arithmetic of content. It needs no key. */
export interface ContentLayout {
  /**
   * Number of plaintext bytes that open on their own. Parts of a parallel download that start at a multiple of it waste nothing.
   */
  readonly unitLength: number;
  /** Only if the content is in regions. */
  readonly regions?: RegionPlan;
  ciphertextLength(plaintextLength: number): number;
  /** Throws `DecryptionError` for a length that no writer can have produced. */
  plaintextBounds(ciphertextLength: number): LengthBounds;
  /** What to fetch; `count` is 0 if the range has no bytes. The length may be `Infinity` if it is not known yet. */
  window(range: ByteRange, ciphertextLength: number): CipherWindow;
}

/** The entity that sealed properties belong to. The IV of each is derived from these keys and its name. */
export interface EntityPlace {
  readonly partitionKey: string;
  readonly rowKey: string;
}

/**
 * Whether the old Java SDK wrote an entity. Every SDK uses this rule: the library name contains "Java", or `KeyWrappingMetadata` is
 * missing.
 */
export function isOldJava(field: ReadField): boolean {
  if ((field('KeyWrappingMetadata') ?? null) === null) return true;
  const library = field('KeyWrappingMetadata', 'EncryptionLibrary');
  return typeof library === 'string' && library.includes('Java');
}

export interface PropertyContent {
  readonly name: string;
  readonly plaintext: Uint8Array;
}

export interface SealedProperty {
  readonly name: string;
  readonly sealed: Uint8Array;
}

/** Seals new content with new parameters. */
export interface ContentSealer {
  /** The members that this version adds to the encryption data. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly layout: ContentLayout;
  /** The transform from plaintext to ciphertext. It works once, so a content key never seals two contents. */
  seal(): ByteTransform;
  /**
   * The same as a plan, for a thread that seals in place. Only one of the two works, once. Absent if a thread would not pay off.
   */
  plan?(): CipherPlan;
  /** Only if the version defines entities. */
  sealProperties?(place: EntityPlace, properties: readonly PropertyContent[]): Buffer[];
}

/**
 * When plaintext that one tag covers is released:
 *
 *     verified   after the tag was verified. All of the ciphertext is held in memory until then
 *     opened     as it is opened. The end fails if the tag is wrong, so callers must know what they do with the plaintext until then
 *     checked    as it is opened, without verification, because the caller passed the same bytes through `wholeTag.check` before
 *
 * Regions are always verified first.
 */
export type Release = 'verified' | 'opened' | 'checked';

/** One tag that covers all of the ciphertext, so that only the whole content can be verified. */
export interface WholeTag {
  /** Whether unverified plaintext may be released: because it is only a part of the content, or is not verified yet. */
  readonly unverified: 'allowed' | 'refused';
  /** Takes all of the ciphertext and returns nothing. Fails at the end unless it is the ciphertext that was tagged. */
  check(): ByteTransform;
}

/** Opens stored content. What it learns about the order of regions applies to all its windows. */
export interface ContentOpener {
  readonly layout: ContentLayout;
  /**
   * The transform from the ciphertext of the window to the requested plaintext, in pieces that the caller owns. It fails at the
   * end if ciphertext is missing.
   */
  open(window: CipherWindow, release?: Release): ByteTransform;
  /**
   * Only if content is in regions. The same for plaintext that belongs in this memory: the ciphertext of a region may wait there,
   * and what is opened there is returned as a view of it. Unverified plaintext is in the memory only while a call is running.
   */
  openInto?(window: CipherWindow, memory: Buffer): ByteTransform;
  /**
   * Only if content is in regions. Returns what must be opened before any byte of the window, or `null`. Writers use different
   * nonce schemes, so the nonce at the start of the window may belong to a different region in another scheme.
   *
   * @param nonce - the first stored bytes of the window, as many as a nonce has
   */
  orderProof?(window: CipherWindow, nonce: Uint8Array): CipherWindow | null;
  readonly wholeTag?: WholeTag | undefined;
  /** Only if the version defines entities. Opens all of these properties, or fails. */
  openProperties?(place: EntityPlace, properties: readonly SealedProperty[]): Buffer[];
}

export interface SealerChoice {
  readonly form: ContentForm;
  /** Bytes of plaintext in a region, if the version has regions and lets the writer choose. */
  readonly regionLength?: number | undefined;
  /** Fixed parameters to reproduce known answers. Only tests pass them. */
  readonly iv?: Uint8Array;
}

export interface OpenerChoice {
  readonly form: ContentForm;
  readonly regionOrder: RegionOrder;
  /**
   * Which nonce schemes are accepted: those of any writer, or only that of this package, if the entries show that it wrote the
   * content.
   */
  readonly counting: 'any' | 'ours';
}

/** Most plaintext bytes that the writers of 2.1 (the Java SDK, and this package) let their users choose for a region. */
export const MAX_REGION_LENGTH = 1024 * 1024 * 1024;

export interface Protocol {
  /** `EncryptionAgent.Protocol`. */
  readonly version: string;
  /** `EncryptionAgent.EncryptionAlgorithm`. */
  readonly algorithm: string;
  /** The forms of content that are written in this version. */
  readonly forms: readonly ContentForm[];
  /** Bytes that the key encryption key wraps. */
  readonly packedLength: number;
  /** Whether the format itself detects changed content. */
  readonly authenticates: boolean;
  /** What determines the number of plaintext bytes in a region: the format, the writer, or nothing, if there are no regions. */
  readonly regionLength: 'fixed' | 'chosen' | 'none';
  /** What someone who inspects stored content should know about this version, one sentence each. */
  readonly notes: readonly string[];
  /** The bytes that the key encryption key wraps. */
  packKey(contentKey: Uint8Array): Buffer;
  /** Extracts the content key from unwrapped bytes. Throws `DecryptionError` if they do not belong to this version. */
  unpackKey(packed: Uint8Array): Buffer;
  /** The layout that new content would have. */
  newLayout(choice: SealerChoice): ContentLayout;
  /** The layout of stored content. Throws `InvalidEncryptionDataError` if its fields do not belong to this version. */
  storedLayout(field: ReadField, form: ContentForm): ContentLayout;
  /** The parameters stored with the ciphertext, in the form that the MAC over the header covers. */
  boundParameters(field: ReadField): Buffer;
  /** Only if the version defines entities: the order of the keys in an IV. 0: RowKey first; 1: PartitionKey first. */
  propertyOrder?(field: ReadField): 0 | 1;
  sealer(key: ContentKey, choice: SealerChoice): ContentSealer;
  opener(key: ContentKey, field: ReadField, choice: OpenerChoice): ContentOpener;
}
