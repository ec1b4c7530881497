/** Random choices that a seed repeats, unlike network and machine timing. */
import { createHash } from 'node:crypto';

export class Random {
  #state: number;

  /** The same parts produce the same choices. */
  constructor(...parts: readonly (string | number)[]) {
    this.#state = createHash('sha256').update(parts.join('\u0000')).digest().readUInt32LE();
  }

  /** From 0 to below 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer from `least` to `most`. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.next() * items.length)]!;
  }

  bytes(length: number): Buffer {
    const words = new Uint32Array(Math.ceil(length / 4));
    for (let at = 0; at < words.length; at += 1) words[at] = this.next() * 2 ** 32;
    return Buffer.from(words.buffer, 0, length);
  }

  /** Text of ASCII letters. */
  text(length: number): string {
    return Array.from({ length }, () => String.fromCharCode(this.between(97, 122))).join('');
  }
}
