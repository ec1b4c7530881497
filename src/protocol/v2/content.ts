/** Sealing and opening of regions (see layout.ts), as state machines that accept bytes in chunks of any length. */
import { gcmSealing, type GcmSealing, NONCE_LENGTH, TAG_LENGTH } from '../../crypto/aes-gcm.js';
import type { ByteTransform } from '../../crypto/byte-transform.js';
import type { ContentKey } from '../../crypto/content-key.js';
import { DecryptionError } from '../../errors/content.js';
import { type NonceCheck, type NonceScheme } from './nonce.js';
import { REGION_OVERHEAD } from './layout.js';
import { heldRegion, type OpenRegion, regionInPlace } from './open-region.js';

export interface RegionSealing {
  readonly key: ContentKey;
  readonly dataLength: number;
  readonly nonces: NonceScheme;
  /** Minimum number of regions, even without data: 1 for a message, 0 otherwise. */
  readonly leastRegions: number;
}

/** Splits plaintext into regions and seals them in order. */
export class RegionSealer implements ByteTransform {
  private sealing: GcmSealing | null = null;
  private filled = 0;
  private regions = 0;

  constructor(private readonly content: RegionSealing) {}

  push(chunk: Uint8Array): readonly Buffer[] {
    const pieces: Buffer[] = [];
    for (let at = 0; at < chunk.length;) {
      const sealing = this.sealing ?? this.startRegion(pieces);
      const length = Math.min(chunk.length - at, this.content.dataLength - this.filled);
      pieces.push(sealing.update(length === chunk.length ? chunk : chunk.subarray(at, at + length)));
      at += length;
      this.filled += length;
      if (this.filled === this.content.dataLength) this.endRegion(pieces);
    }
    return pieces;
  }

  finish(): readonly Buffer[] {
    const pieces: Buffer[] = [];
    if (this.regions < this.content.leastRegions) this.startRegion(pieces);
    if (this.sealing !== null) this.endRegion(pieces);
    return pieces;
  }

  private startRegion(pieces: Buffer[]): GcmSealing {
    const nonce = this.content.nonces(this.regions);
    pieces.push(nonce);
    this.regions += 1;
    this.filled = 0;
    this.sealing = gcmSealing(this.content.key, nonce);
    return this.sealing;
  }

  private endRegion(pieces: Buffer[]): void {
    if (this.sealing !== null) pieces.push(this.sealing.finish());
    this.sealing = null;
  }
}

export interface RegionOpening {
  readonly key: ContentKey;
  readonly dataLength: number;
  readonly checkNonce: NonceCheck;
  /** Number of the region that the ciphertext starts with. */
  readonly firstRegion: number;
  /** Number of ciphertext bytes to come. They determine the length of the last region. */
  readonly ciphertextLength: number;
  /** The memory for the plaintext of this region, of the same length, if its ciphertext may wait there. */
  readonly roomFor: ((region: number, length: number) => Buffer | null) | undefined;
}

/** Opens whole regions in order. Plaintext of a region is held back until its tag has been verified. */
export class RegionOpener implements ByteTransform {
  private region: number;
  private left: number;
  private sealedLeft = 0;
  private opening: OpenRegion | null = null;
  private readonly nonce = new Gathered(NONCE_LENGTH);
  private readonly tag = new Gathered(TAG_LENGTH);

  constructor(private readonly content: RegionOpening) {
    this.region = content.firstRegion;
    this.left = content.ciphertextLength;
  }

  push(chunk: Uint8Array): readonly Buffer[] {
    if (chunk.length > this.left) throw new DecryptionError();
    const released: Buffer[] = [];
    for (let at = 0; at < chunk.length;) {
      const taken = this.take(chunk, at, released);
      this.left -= taken;
      at += taken;
    }
    return released;
  }

  finish(): readonly Buffer[] {
    if (this.left !== 0 || this.opening !== null || !this.nonce.isEmpty) throw new DecryptionError();
    return [];
  }

  /** Takes what the current part of the region needs, starting at `at`, and returns the number of bytes. */
  private take(chunk: Uint8Array, at: number, released: Buffer[]): number {
    if (this.opening === null) return this.takeNonce(chunk, at);
    if (this.sealedLeft === 0) return this.takeTag(this.tag.gather(chunk, at), this.opening, released);
    const sealed = chunk.subarray(at, at + this.sealedLeft);
    this.opening.add(sealed);
    this.sealedLeft -= sealed.length;
    return sealed.length;
  }

  private takeNonce(chunk: Uint8Array, at: number): number {
    const wasLeft = this.left + this.nonce.length;
    const { taken, bytes } = this.nonce.gather(chunk, at);
    if (bytes === null) return taken;
    this.content.checkNonce(this.region, bytes);
    this.sealedLeft = Math.min(this.content.dataLength, wasLeft - REGION_OVERHEAD);
    if (this.sealedLeft < 0) throw new DecryptionError();
    this.opening = this.startRegion(bytes);
    return taken;
  }

  private startRegion(nonce: Uint8Array): OpenRegion {
    const { key, roomFor } = this.content;
    const room = roomFor?.(this.region, this.sealedLeft) ?? null;
    return room === null ? heldRegion(key, nonce) : regionInPlace(key, nonce, room);
  }

  private takeTag({ taken, bytes }: GatheredPart, opening: OpenRegion, released: Buffer[]): number {
    if (bytes === null) return taken;
    for (const piece of opening.verified(bytes)) released.push(piece);
    this.opening = null;
    this.region += 1;
    return taken;
  }
}

/** The part of a field that was taken. `bytes` is the field once it is complete. */
interface GatheredPart {
  readonly taken: number;
  readonly bytes: Uint8Array | null;
}

/** A field of fixed length that may arrive in parts. */
class Gathered {
  private parts: Uint8Array[] = [];
  length = 0;

  constructor(private readonly size: number) {}

  get isEmpty(): boolean {
    return this.length === 0;
  }

  /** Takes what is missing, starting at `at`. After a complete field the next one begins. */
  gather(chunk: Uint8Array, at: number): GatheredPart {
    const part = chunk.subarray(at, at + this.size - this.length);
    this.length += part.length;
    if (this.length < this.size) {
      // the caller may fill its memory again
      this.parts.push(Uint8Array.from(part));
      return { taken: part.length, bytes: null };
    }
    const bytes = part.length === this.size ? part : Buffer.concat([...this.parts, part]);
    this.parts = [];
    this.length = 0;
    return { taken: part.length, bytes };
  }
}
