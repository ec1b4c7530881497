import { RandomPool } from '../../../src/crypto/random-pool.js';

/** Fills memory with 1, 2, 3, ... and keeps a reference to it. */
function counting() {
  let next = 1;
  const filled: Buffer[] = [];
  const fill = (bytes: Buffer): void => {
    filled.push(bytes);
    bytes.forEach((_, at) => (bytes[at] = next++ % 251));
  };
  return { fill, filled };
}

it('hands out each drawn byte at most once, in order', () => {
  const pool = new RandomPool(counting().fill);

  const taken = Buffer.concat([16, 32, 1].map((length) => pool.take(length)));

  expect([...taken]).toEqual(Array.from({ length: 49 }, (_, at) => at + 1));
});

it('wipes its copy of what it handed out, and not the piece itself', () => {
  const { fill, filled } = counting();
  const pool = new RandomPool(fill);

  const piece = pool.take(32);

  expect(filled[0]?.subarray(0, 32)).toEqual(Buffer.alloc(32));
  expect(filled[0]?.[32]).toBe(33);
  expect(piece[0]).toBe(1);
});

it('draws again if a piece is longer than what remains', () => {
  const { fill, filled } = counting();
  const pool = new RandomPool(fill);
  const pieces = Array.from({ length: 43 }, () => pool.take(24));

  expect(filled).toHaveLength(2);
  expect(pieces.every((piece) => piece.length === 24 && !piece.equals(Buffer.alloc(24)))).toBe(true);
});

it.each([1025, 4096, Infinity, NaN])('rejects %d bytes, which would end in zeros', (length) => {
  const { fill, filled } = counting();

  expect(() => new RandomPool(fill).take(length)).toThrow(RangeError);
  expect(filled).toEqual([]);
});

it('can hand out as many bytes as it draws at once', () => {
  expect(new RandomPool(counting().fill).take(1024).at(-1)).toBe(1024 % 251);
});

it('hands out nothing while the generator fails, not even the remaining bytes', () => {
  let isBroken = false;
  const { fill } = counting();
  const pool = new RandomPool((bytes) => {
    if (isBroken) throw new Error('no entropy');
    fill(bytes);
  });
  pool.take(1020);
  isBroken = true;

  expect(() => pool.take(16)).toThrow('no entropy');
  expect(() => pool.take(4)).toThrow('no entropy');
});

it('hands out 100,000 different pieces from the generator of the process', () => {
  const pool = new RandomPool();

  const pieces = new Set(Array.from({ length: 100_000 }, () => pool.take(16).toString('latin1')));

  expect(pieces.size).toBe(100_000);
});
