/**
 * What one version of the client-side encryption scheme has to tell: how it packs the content key, how it lays content out,
 * how it seals and opens. The rest of the package speaks to versions through these interfaces alone.
 */
import type { ByteTransform } from '../crypto/byte-transform.js';
import type { CipherPlan } from '../crypto/cipher-step.js';
import type { ContentKey } from '../crypto/content-key.js';

/** Members that a protocol adds to the encryption data when it writes. */
export type JsonFields = Readonly<Record<string, unknown>>;

/**
 * Reads a member of the stored encryption data by its path, whatever the letter case of the names; `undefined` where there is
 * none. The value is whatever the JSON holds: the protocol judges it.
 */
export type ReadField = (...path: readonly string[]) => unknown;

/**
 * What is sealed: a stream of any length (block blob), whole pages that keep their length (page blob), one message, or the
 * properties of an entity.
 */
export type ContentForm = 'stream' | 'pages' | 'message' | 'entity';

/** Whether regions that are not where they were written are an error, or are read all the same (recovery only). */
export type RegionOrder = 'checked' | 'ignored';

/** Bytes of plaintext that are asked for; no `count` means up to the end. */
export interface ByteRange {
  readonly offset: number;
  readonly count?: number;
}

/** The ciphertext to fetch for a range of plaintext, and what to cut from what it opens to. Bytes. */
export interface CipherWindow {
  readonly offset: number;
  readonly count: number;
  readonly reachesEnd: boolean;
  readonly skip: number;
  readonly take: number;
}

/** Least and most bytes of plaintext that a ciphertext can hold; equal where the length alone tells. */
export interface LengthBounds {
  readonly least: number;
  readonly most: number;
}

/** What can be told of content in regions without a key. */
export interface RegionPlan {
  /** Bytes of a nonce; it stands at the head of its region. */
  readonly nonceLength: number;
  count(ciphertextLength: number): number;
  /** Where a region starts; regions count from 0. */
  offsetOf(region: number): number;
  /** The ways of counting that put this nonce at the head of this region, by name; none for a nonce that no writer counts. */
  waysOf(region: number, nonce: Uint8Array): readonly string[];
  /** Whether content of one region may have this nonce: there is no order, and writers with random nonces exist. */
  mayStandAlone(nonce: Uint8Array): boolean;
}

/** The arithmetic of a content; needs no key. */
export interface ContentLayout {
  /** Bytes of plaintext that open on their own: parts of a parallel download that start at a multiple of it waste nothing. */
  readonly unitLength: number;
  /** Only where the content is in regions. */
  readonly regions?: RegionPlan;
  ciphertextLength(plaintextLength: number): number;
  /** Throws `DecryptionError` for a length that no writer can have produced. */
  plaintextBounds(ciphertextLength: number): LengthBounds;
  /** What to fetch; `count` 0 where the range holds no byte. Also for a length of `Infinity`: one that is not known yet. */
  window(range: ByteRange, ciphertextLength: number): CipherWindow;
}

/** Place of a sealed property: its IV hangs on all three. */
export interface PropertyPlace {
  readonly partitionKey: string;
  readonly rowKey: string;
  readonly name: string;
}

/** A property to seal. */
export interface PropertyContent {
  readonly place: PropertyPlace;
  readonly plaintext: Uint8Array;
}

/** Seals one new content with fresh parameters. */
export interface ContentSealer {
  /** What this version adds to the encryption data. */
  readonly fields: JsonFields;
  readonly layout: ContentLayout;
  /** The transform from plaintext to ciphertext. Works once: a second content under one content key is never sealed. */
  seal(): ByteTransform;
  /** The same told rather than done, for a thread that seals in place: one of the two works, once. Only where a thread pays. */
  plan?(): CipherPlan;
  /** Only where the version defines entities. */
  sealProperties?(properties: readonly PropertyContent[]): Buffer[];
}

/**
 * When plaintext that can be verified only at its end is given out: after that, which holds all of it in memory, or as it is
 * opened, to callers who let nobody see it before the transform has ended without an error. Regions are always verified first.
 */
export type Release = 'verified' | 'opened';

/** Opens one stored content. What it learns of the order of regions holds for all its windows. */
export interface ContentOpener {
  readonly layout: ContentLayout;
  /**
   * The transform from the window's ciphertext to the asked plaintext, in pieces that are the caller's alone. Fails at the end
   * if ciphertext is missing.
   */
  open(window: CipherWindow, release?: Release): ByteTransform;
  /**
   * Only where content is in regions: what must be opened before any byte of the window is, or `null` for nothing. Writers count
   * regions in different ways, and the nonce at the head of the window may be that of another region in another way.
   *
   * @param nonce - the first stored bytes of the window, as many as a nonce has
   */
  orderProof?(window: CipherWindow, nonce: Uint8Array): CipherWindow | null;
  /** Only where one tag covers all of the ciphertext: nothing less than the whole can be verified. */
  readonly wholeTag?: {
    /** Whether a part may be read all the same. */
    readonly parts: 'unverified' | 'refused';
    /** Takes all of the ciphertext and gives nothing; fails at the end unless it is the one that was tagged. */
    check(): ByteTransform;
  };
  /** Only where the version defines entities. */
  openProperty?(place: PropertyPlace, sealed: Uint8Array): Buffer;
}

export interface SealerChoice {
  readonly form: ContentForm;
  /** Bytes of plaintext in a region, where the version has regions and lets the writer choose. */
  readonly regionLength?: number;
  /** Fixed parameters for writing known answers again; only tests pass them. */
  readonly iv?: Uint8Array;
}

export interface OpenerChoice {
  readonly form: ContentForm;
  readonly regionOrder: RegionOrder;
  /** Whose way of counting regions is accepted: any writer's, or this package's alone, where its entries say that it wrote them. */
  readonly counting: 'any' | 'ours';
}

/** One version of the scheme. */
export interface Protocol {
  /** `EncryptionAgent.Protocol`. */
  readonly version: string;
  /** `EncryptionAgent.EncryptionAlgorithm`. */
  readonly algorithm: string;
  /** The forms of content that are written in this version. */
  readonly forms: readonly ContentForm[];
  /** Bytes that the key encryption key wraps. */
  readonly packedLength: number;
  /** Whether the format itself notices changed content. */
  readonly authenticates: boolean;
  /** Who chooses how many bytes of plaintext a region has: the format, the writer, or nobody where there are no regions. */
  readonly regionLength: 'fixed' | 'chosen' | 'none';
  /** What somebody who inspects stored content should know about this version, a sentence each. */
  readonly notes: readonly string[];
  /** The bytes that the key encryption key wraps. */
  packKey(contentKey: Uint8Array): Buffer;
  /** The content key out of unwrapped bytes; throws `DecryptionError` if they are not of this version. */
  unpackKey(packed: Uint8Array): Buffer;
  /** The layout that a new content would have. */
  newLayout(choice: SealerChoice): ContentLayout;
  /** The layout of a stored content; throws `InvalidEncryptionDataError` if its fields are not of this version. */
  storedLayout(field: ReadField, form: ContentForm): ContentLayout;
  /** The parameters beside the ciphertext, as the MAC over the header takes them in. */
  boundParameters(field: ReadField): Buffer;
  /** Only where the version defines entities: in which order an IV takes in the keys, 0 RowKey first, 1 PartitionKey first. */
  propertyOrder?(field: ReadField): 0 | 1;
  sealer(key: ContentKey, choice: SealerChoice): ContentSealer;
  opener(key: ContentKey, field: ReadField, choice: OpenerChoice): ContentOpener;
}
