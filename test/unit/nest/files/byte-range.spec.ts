/** Tables of RFC 9110, chapter 14. */
import { requestedRange } from '../../../../src/nest/files/byte-range.js';

const HUGE = '9'.repeat(30);

describe('requestedRange', () => {
  it.each([
    ['bytes=0-0', 0, 0],
    ['bytes=2-4', 2, 4],
    ['bytes=9-9', 9, 9],
    ['bytes=3-', 3, 9],
    ['bytes=0-', 0, 9],
    ['bytes=3-10', 3, 9],
    [`bytes=3-${HUGE}`, 3, 9],
    ['bytes=-1', 9, 9],
    ['bytes=-10', 0, 9],
    ['bytes=-11', 0, 9],
    [`bytes=-${HUGE}`, 0, 9],
    ['BYTES=2-4', 2, 4],
    ['bytes= 2-4 ', 2, 4],
    ['bytes=0-4,5-9', 0, 9],
    ['bytes=0-4, 3-6', 0, 6],
    ['bytes=2-4,2-4', 2, 4],
    ['bytes=2-4,10-', 2, 4],
    ['bytes=0-2,-20', 0, 9],
  ])('%s of 10 bytes is %d to %d', (header, first, last) => {
    expect(requestedRange(header, 10)).toEqual({ first, last });
  });

  it.each([
    ['bytes=10-', 10],
    ['bytes=10-12', 10],
    [`bytes=${HUGE}-`, 10],
    ['bytes=-0', 10],
    ['bytes=5-2', 10],
    ['bytes=10-,20-', 10],
    ['bytes=0-', 0],
    ['bytes=0-0', 0],
    ['bytes=-0', 0],
  ])('%s of %d bytes cannot be satisfied', (header, length) => {
    expect(requestedRange(header, length)).toBe('unsatisfiable');
  });

  it.each([
    ['bytes=0-1,4-5', 10],
    ['bytes=', 10],
    ['bytes', 10],
    ['', 10],
    ['bytes=a-b', 10],
    ['bytes=1', 10],
    ['bytes=1-2x', 10],
    ['bytes=--5', 10],
    ['bytes=+1-2', 10],
    ['bytes=-', 10],
    ['pages=0-1', 10],
    ['pages=20-', 10],
    ['bytes 0-1', 10],
    ['bytes=-5', 0],
  ])('%j of %d bytes selects the entire content', (header, length) => {
    expect(requestedRange(header, length)).toBeNull();
  });
});
