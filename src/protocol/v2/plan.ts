/** Plans how a worker thread seals regions in place. layout.ts shows the layout. */
import { NONCE_LENGTH, TAG_LENGTH } from '../../crypto/aes-gcm.js';
import { asBuffer } from '../../crypto/bytes.js';
import type { Appended, CipherPlan, CipherStep } from '../../crypto/cipher-step.js';
import type { RegionSealing } from './content.js';

type Section = 'nonce' | 'data' | 'tag';

export class RegionPlan implements CipherPlan {
  readonly bufferMultiple = 1;
  private readonly steps: CipherStep[] = [];
  private section: Section = 'nonce';
  /** Bytes of the current section that are already laid out. */
  private done = 0;
  private regions = 0;
  private readonly lengths: Readonly<Record<Section, number>>;

  constructor(private readonly content: Omit<RegionSealing, 'leastRegions'>) {
    this.lengths = { nonce: NONCE_LENGTH, data: content.dataLength, tag: TAG_LENGTH };
  }

  append(buffer: Buffer, at: number, plaintext: Uint8Array): Appended {
    let taken = 0;
    let free = at;
    // a tag is always appended; a nonce and data only if there is data
    while (free < buffer.length && (taken < plaintext.length || this.section === 'tag')) {
      const appended = this.appendPart(buffer.subarray(free), free, plaintext.subarray(taken));
      free += appended;
      if (this.section === 'data') taken += appended;
      this.advance(appended);
    }
    return { at: free, taken };
  }

  end(buffer: Buffer, at: number): { readonly at: number; readonly isWhole: boolean } {
    if (this.section === 'data') this.enter('tag');
    const { at: free } = this.append(buffer, at, new Uint8Array(0));
    return { at: free, isWhole: this.section === 'nonce' };
  }

  drain(): readonly CipherStep[] {
    return this.steps.splice(0);
  }

  /** Appends as much of the current section as fits, and returns the number of bytes. */
  private appendPart(space: Buffer, at: number, plaintext: Uint8Array): number {
    const most = Math.min(this.lengths[this.section] - this.done, space.length);
    if (this.section === 'nonce') return this.appendNonce(space.subarray(0, most));
    if (this.section === 'data') return this.appendData(space.subarray(0, most), at, plaintext);
    this.steps.push({ step: 'tag', at, from: this.done, to: this.done + most });
    return most;
  }

  private appendNonce(space: Buffer): number {
    const nonce = this.content.nonces(this.regions);
    if (this.done === 0) this.steps.push({ step: 'begin', algorithm: 'aes-256-gcm', key: this.content.key, iv: nonce });
    return nonce.copy(space, 0, this.done);
  }

  private appendData(space: Buffer, at: number, plaintext: Uint8Array): number {
    const appended = asBuffer(plaintext).copy(space);
    const last = this.steps.at(-1);
    const from = last?.step === 'seal' && last.to === at ? last.from : at;
    if (from !== at) this.steps.pop();
    this.steps.push({ step: 'seal', from, to: at + appended });
    return appended;
  }

  private advance(appended: number): void {
    this.done += appended;
    if (this.done < this.lengths[this.section]) return;
    if (this.section === 'tag') this.regions += 1;
    this.enter(this.section === 'nonce' ? 'data' : this.section === 'data' ? 'tag' : 'nonce');
  }

  private enter(section: Section): void {
    this.section = section;
    this.done = 0;
  }
}
