import { createCipheriv } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { freeMemory } from '../../../src/crypto/free-memory.js';

const LENGTH = 1024 * 1024;

const plaintext = Buffer.alloc(LENGTH);

const sealed = (length: number): Buffer =>
  createCipheriv('aes-256-gcm', Buffer.alloc(32), Buffer.alloc(12)).update(plaintext.subarray(0, length));

describe('freed memory', () => {
  it('is detached at once', () => {
    const bytes = sealed(LENGTH);
    const { buffer } = bytes;
    freeMemory(bytes);

    expect(bytes.length).toBe(0);
    expect(buffer.byteLength).toBe(0);
  });

  it('does not wait for the garbage collector', async () => {
    freeMemory(sealed(LENGTH));
    await nextTurn();
    const before = process.memoryUsage().arrayBuffers;
    for (let round = 0; round < 30; round++) freeMemory(sealed(LENGTH));

    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(LENGTH);
  });

  it.each([
    ['start inside a larger buffer', () => sealed(LENGTH).subarray(1)],
    ['end before their buffer does', () => sealed(LENGTH).subarray(0, LENGTH - 1)],
    ['are few', () => sealed(100)],
    ['come from the pool of Node.js', () => Buffer.from('pooled')],
  ])('never includes bytes that %s', (_what, make) => {
    const bytes = make();
    const { length } = bytes;
    const around = bytes.buffer.byteLength;
    freeMemory(bytes);

    expect(bytes.length).toBe(length);
    expect(bytes.buffer.byteLength).toBe(around);
  });
});
