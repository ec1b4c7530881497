import { createCipheriv } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { freeMemory } from '../../../src/crypto/free-memory.js';

const LENGTH = 1024 * 1024;

const plaintext = Buffer.alloc(LENGTH);

const sealed = (length: number): Buffer =>
  createCipheriv('aes-256-gcm', Buffer.alloc(32), Buffer.alloc(12)).update(plaintext.subarray(0, length));

describe('memory that is freed', () => {
  it('is gone at once, bytes and all', () => {
    const bytes = sealed(LENGTH);
    const { buffer } = bytes;
    freeMemory(bytes);

    expect(bytes.length).toBe(0);
    expect(buffer.byteLength).toBe(0);
  });

  it('does not wait for the collector', async () => {
    freeMemory(sealed(LENGTH));
    await nextTurn();
    const before = process.memoryUsage().arrayBuffers;
    for (let round = 0; round < 30; round++) freeMemory(sealed(LENGTH));

    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(LENGTH);
  });

  it.each([
    ['are part of something larger', () => sealed(LENGTH).subarray(1)],
    ['end before something larger does', () => sealed(LENGTH).subarray(0, LENGTH - 1)],
    ['are few', () => sealed(100)],
    ['come from the pool of Node', () => Buffer.from('pooled')],
  ])('is not that of bytes that %s', (_what, make) => {
    const bytes = make();
    const { length } = bytes;
    const around = bytes.buffer.byteLength;
    freeMemory(bytes);

    expect(bytes.length).toBe(length);
    expect(bytes.buffer.byteLength).toBe(around);
  });
});
