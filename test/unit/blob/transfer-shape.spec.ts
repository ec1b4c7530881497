import {
  assertContentLength,
  assertPageBlobLength,
  assertTransferShape,
  blockPlan,
  MAX_BLOCKS,
} from '../../../src/blob/transfer-shape.js';

const MIB = 1024 * 1024;
const MAX_BLOCK = 4000 * MIB;

describe('a plan of blocks', () => {
  it.each([
    { length: 0, shape: {}, blockLength: 1 },
    { length: 100, shape: {}, blockLength: 100 },
    { length: 4 * MIB, shape: {}, blockLength: 4 * MIB },
    { length: 4 * MIB + 1, shape: {}, blockLength: 4 * MIB },
    { length: 4 * MIB * MAX_BLOCKS, shape: {}, blockLength: 4 * MIB },
    { length: 4 * MIB * MAX_BLOCKS + 1, shape: {}, blockLength: 4 * MIB + 1 },
    { length: MAX_BLOCK * MAX_BLOCKS, shape: {}, blockLength: MAX_BLOCK },
    { length: 100, shape: { blockSize: 2 }, blockLength: 2 },
    { length: 100, shape: { blockSize: 2, maxSingleShotSize: 100 }, blockLength: 100 },
    { length: 100, shape: { maxSingleShotSize: 0 }, blockLength: 4 * MIB },
    { length: MAX_BLOCKS, shape: { blockSize: 1 }, blockLength: 1 },
    { length: undefined, shape: {}, blockLength: 4 * MIB },
  ])('of $length bytes with $shape has blocks of $blockLength', ({ length, shape, blockLength }) => {
    expect(blockPlan(shape, length)).toEqual({ blockLength, concurrency: 5 });
  });

  it.each([
    { length: MAX_BLOCKS + 1, shape: { blockSize: 1 }, limitBytes: MAX_BLOCKS },
    { length: 7 * MAX_BLOCKS + 1, shape: { blockSize: 7 }, limitBytes: 7 * MAX_BLOCKS },
    { length: MAX_BLOCK * MAX_BLOCKS + 1, shape: {}, limitBytes: MAX_BLOCK * MAX_BLOCKS },
  ])('is rejected for $length bytes with $shape', ({ length, shape, limitBytes }) => {
    expect(() => blockPlan(shape, length)).toThrow(
      expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE', limitBytes, actualBytes: length }) as Error,
    );
  });
});

describe('options of a transfer', () => {
  it.each([
    { blockSize: MAX_BLOCK + 1 },
    { blockSize: 0.5 },
    { concurrency: 1.5 },
    { concurrency: Infinity },
    { maxSingleShotSize: -1 },
    { maxSingleShotSize: NaN },
    { maxSingleShotSize: 5000 * MIB + 1 },
  ])('are rejected: %j', (shape) => {
    expect(() => assertTransferShape(shape)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }) as Error);
  });

  it.each([{ blockSize: MAX_BLOCK }, { maxSingleShotSize: 5000 * MIB }, { concurrency: 1000 }, {}])(
    'are accepted: %j',
    (shape) => {
      expect(() => assertTransferShape(shape)).not.toThrow();
    },
  );
});

describe('lengths', () => {
  it.each([-1, 0.5, NaN, Infinity, 2 ** 53, undefined as unknown as number])('of %p bytes are rejected', (length) => {
    expect(() => assertContentLength(length)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }) as Error);
    expect(() => assertPageBlobLength(length)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }) as Error);
  });

  it.each([
    [511, 'INVALID_OPTIONS'],
    [513, 'INVALID_OPTIONS'],
    [8 * 1024 ** 4 + 512, 'PAYLOAD_TOO_LARGE'],
  ])('of %d bytes cannot be pages', (length, expected) => {
    expect(() => assertPageBlobLength(length)).toThrow(expect.objectContaining({ code: expected }) as Error);
  });

  it.each([0, 512, 8 * 1024 ** 4])('of %d bytes can be pages', (length) => {
    expect(() => assertPageBlobLength(length)).not.toThrow();
  });
});
