import { LentMemory } from '../../../src/crypto/lent-memory.js';

describe('lent memory', () => {
  it('serves again once any part of it was given back', () => {
    const lender = new LentMemory();
    const first = lender.lend(100);

    lender.giveBack(first.subarray(10, 20));

    expect(lender.lend(60).buffer).toBe(first.buffer);
  });

  it('is not lent to two at once', () => {
    const lender = new LentMemory();
    const first = lender.lend(100);

    expect(lender.lend(100).buffer).not.toBe(first.buffer);
  });

  it('that is given back twice is lent once', () => {
    const lender = new LentMemory();
    const first = lender.lend(100);
    lender.giveBack(first);
    lender.giveBack(first);

    expect(lender.lend(100).buffer).not.toBe(lender.lend(100).buffer);
  });

  it('is never shorter than asked for', () => {
    const lender = new LentMemory();
    lender.giveBack(lender.lend(10));

    expect(lender.lend(100).length).toBeGreaterThanOrEqual(100);
  });

  it('of somebody else is not taken back', () => {
    const lender = new LentMemory();
    const foreign = Buffer.alloc(100);
    lender.giveBack(foreign);

    expect(lender.lend(100).buffer).not.toBe(foreign.buffer);
  });
});
