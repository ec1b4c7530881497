/** Plans how a worker thread seals content of protocol 1.0 in place. The padding is appended like plaintext. */
import { BLOCK_LENGTH, type CbcParameters } from '../../crypto/aes-cbc.js';
import { asBuffer } from '../../crypto/bytes.js';
import type { Appended, CipherPlan, CipherStep } from '../../crypto/cipher-step.js';

export class CbcPlan implements CipherPlan {
  readonly bufferMultiple = BLOCK_LENGTH;
  private readonly begin: CipherStep[];
  private filled = 0;
  private isPadded: boolean;
  private length = 0;

  constructor({ key, iv, padding }: CbcParameters) {
    this.isPadded = padding === 'none';
    this.begin = [{ step: 'begin', algorithm: 'aes-256-cbc', key, iv }];
  }

  append(buffer: Buffer, at: number, plaintext: Uint8Array): Appended {
    const taken = asBuffer(plaintext).copy(buffer, at);
    this.length += taken;
    this.filled = at + taken;
    return { at: this.filled, taken };
  }

  end(buffer: Buffer, at: number): { readonly at: number; readonly isWhole: boolean } {
    if (this.isPadded) return { at, isWhole: true };
    // buffers are multiples of a block, so either all of the padding fits or none of it
    if (at === buffer.length) return { at, isWhole: false };
    const padding = BLOCK_LENGTH - (this.length % BLOCK_LENGTH);
    this.filled = at + padding;
    buffer.fill(padding, at, this.filled);
    this.isPadded = true;
    return { at: this.filled, isWhole: true };
  }

  drain(): readonly CipherStep[] {
    return [...this.begin.splice(0), { step: 'seal', from: 0, to: this.filled }];
  }
}
