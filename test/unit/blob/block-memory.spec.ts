import { BlockMemory } from '../../../src/blob/block-memory.js';
import { ManualClock } from '../../support/manual-clock.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const LIMIT = 32 * MIB;

describe('memory of blocks', () => {
  it('is reused for blocks of the same length, most recently used first', () => {
    const pool = new BlockMemory(new ManualClock());
    const [first, second] = [pool.take(4 * MIB), pool.take(4 * MIB)];
    pool.give(first, LIMIT);
    pool.give(second, LIMIT);
    expect(pool.kept).toBe(8 * MIB);

    expect(pool.take(4 * MIB).buffer).toBe(second.buffer);
    expect(pool.take(4 * MIB).buffer).toBe(first.buffer);
    expect(pool.kept).toBe(0);
    expect([first.buffer, second.buffer]).not.toContain(pool.take(4 * MIB).buffer);
  });

  it.each([
    [4 * MIB, 4 * MIB],
    [4 * MIB - 1, 4 * MIB],
    [4 * MIB + 1, 5 * MIB],
    [5 * MIB + 1, 6 * MIB],
    [7 * MIB + 1, 8 * MIB],
    [64 * KIB, 64 * KIB],
    [64 * KIB + 1, 80 * KIB],
    [128 * KIB - 1, 128 * KIB],
  ])('of %i bytes belongs to the size class of %i bytes', (length, size) => {
    const pool = new BlockMemory(new ManualClock());

    const block = pool.take(length);

    expect(block).toHaveLength(length);
    expect(block.byteOffset).toBe(0);
    expect(block.buffer.byteLength).toBe(size);
    pool.give(block, Infinity);
    expect(pool.kept).toBe(size);
  });

  it('is reused for any length in its size class, and for no other length', () => {
    const pool = new BlockMemory(new ManualClock());
    const block = pool.take(4 * MIB - 5);
    pool.give(block, LIMIT);

    expect(pool.take(4 * MIB + 1).buffer).not.toBe(block.buffer);
    expect(pool.take(3 * MIB).buffer).not.toBe(block.buffer);
    const again = pool.take(3.5 * MIB + 1);
    expect(again.buffer).toBe(block.buffer);
    expect(again).toHaveLength(3.5 * MIB + 1);
  });

  it('is kept up to the limit', () => {
    const pool = new BlockMemory(new ManualClock());
    const blocks = Array.from({ length: 5 }, () => pool.take(4 * MIB));

    for (const block of blocks) pool.give(block, 12 * MIB);
    expect(pool.kept).toBe(12 * MIB);

    for (const block of blocks) pool.give(pool.take(8 * MIB), 0 * block.length);
    expect(pool.kept).toBe(12 * MIB);
  });

  it.each([0, 1, 64 * KIB - 1])('of %i bytes is not kept', (length) => {
    const pool = new BlockMemory(new ManualClock());

    pool.give(pool.take(length), LIMIT);

    expect(pool.kept).toBe(0);
  });

  it('is not kept after it was transferred to a thread', () => {
    const pool = new BlockMemory(new ManualClock());
    const block = pool.take(MIB);
    structuredClone(block.buffer, { transfer: [block.buffer as ArrayBuffer] });

    pool.give(block, LIMIT);

    expect(pool.kept).toBe(0);
  });

  it('is freed block by block after ten seconds without use, and then no timer remains', async () => {
    const clock = new ManualClock();
    const pool = new BlockMemory(clock);
    const [first, second] = [pool.take(MIB), pool.take(2 * MIB)];
    pool.give(first, LIMIT);
    await clock.advance(6);
    pool.give(second, LIMIT);
    await clock.advance(3);
    expect(pool.kept).toBe(3 * MIB);

    await clock.advance(1);
    expect(pool.kept).toBe(2 * MIB);

    await clock.advance(10);
    expect(pool.kept).toBe(0);
    expect(clock.waiting).toBe(0);
    expect(pool.take(2 * MIB).buffer).not.toBe(second.buffer);
  });

  it('is kept as long as it is in use', async () => {
    const clock = new ManualClock();
    const pool = new BlockMemory(clock);
    const { buffer } = pool.take(MIB);
    pool.give(Buffer.from(buffer), LIMIT);

    for (let second = 0; second < 60; second++) {
      const block = pool.take(MIB);
      expect(block.buffer).toBe(buffer);
      pool.give(block, LIMIT);
      await clock.advance(1);
    }

    expect(pool.kept).toBe(MIB);
  });
});
