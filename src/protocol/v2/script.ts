/** Regions (layout.ts draws them) laid out for a thread that seals them in place. */
import { NONCE_LENGTH, TAG_LENGTH } from '../../crypto/aes-gcm.js';
import { asBuffer } from '../../crypto/bytes.js';
import type { CipherScript, CipherStep, Laid } from '../../crypto/cipher-step.js';
import type { ContentKey } from '../../crypto/content-key.js';
import type { NonceScheme } from './nonce.js';

export interface RegionScripting {
  readonly key: ContentKey;
  readonly dataLength: number;
  readonly nonces: NonceScheme;
}

type Section = 'nonce' | 'data' | 'tag';

export class RegionScript implements CipherScript {
  readonly bufferMultiple = 1;
  private readonly steps: CipherStep[] = [];
  private section: Section = 'nonce';
  /** Bytes of the section that have their place. */
  private done = 0;
  private regions = 0;
  private readonly lengths: Readonly<Record<Section, number>>;

  constructor(private readonly content: RegionScripting) {
    this.lengths = { nonce: NONCE_LENGTH, data: content.dataLength, tag: TAG_LENGTH };
  }

  lay(buffer: Buffer, at: number, plaintext: Uint8Array): Laid {
    let taken = 0;
    let free = at;
    // a tag is due whatever comes; nonce and data only if there is data
    while (free < buffer.length && (taken < plaintext.length || this.section === 'tag')) {
      const laid = this.layPart(buffer.subarray(free), free, plaintext.subarray(taken));
      free += laid;
      if (this.section === 'data') taken += laid;
      this.advance(laid);
    }
    return { at: free, taken };
  }

  end(buffer: Buffer, at: number): { readonly at: number; readonly isWhole: boolean } {
    if (this.section === 'data') this.enter('tag');
    const { at: free } = this.lay(buffer, at, new Uint8Array(0));
    return { at: free, isWhole: this.section === 'nonce' };
  }

  takeSteps(): readonly CipherStep[] {
    return this.steps.splice(0);
  }

  /** Lays what fits of the current section and returns how much that was. */
  private layPart(space: Buffer, at: number, plaintext: Uint8Array): number {
    const most = Math.min(this.lengths[this.section] - this.done, space.length);
    if (this.section === 'nonce') return this.layNonce(space.subarray(0, most));
    if (this.section === 'data') return this.layData(space.subarray(0, most), at, plaintext);
    this.steps.push({ step: 'tag', at, from: this.done, to: this.done + most });
    return most;
  }

  private layNonce(space: Buffer): number {
    const nonce = this.content.nonces(this.regions);
    if (this.done === 0) this.steps.push({ step: 'begin', algorithm: 'aes-256-gcm', key: this.content.key, iv: nonce });
    return nonce.copy(space, 0, this.done);
  }

  private layData(space: Buffer, at: number, plaintext: Uint8Array): number {
    const laid = asBuffer(plaintext).copy(space);
    const last = this.steps.at(-1);
    const from = last?.step === 'seal' && last.to === at ? last.from : at;
    if (from !== at) this.steps.pop();
    this.steps.push({ step: 'seal', from, to: at + laid });
    return laid;
  }

  private advance(laid: number): void {
    this.done += laid;
    if (this.done < this.lengths[this.section]) return;
    if (this.section === 'tag') this.regions += 1;
    this.enter(this.section === 'nonce' ? 'data' : this.section === 'data' ? 'tag' : 'nonce');
  }

  private enter(section: Section): void {
    this.section = section;
    this.done = 0;
  }
}
