import { parseRange } from '../src/http/byte-range.js';

describe('a Range header', () => {
  it.each([
    ['bytes=0-99', { first: 0, last: 99 }],
    ['bytes=0-', { first: 0, last: 999 }],
    ['bytes=999-', { first: 999, last: 999 }],
    ['bytes=990-2000', { first: 990, last: 999 }],
    ['bytes=-1', { first: 999, last: 999 }],
    ['bytes=-1000', { first: 0, last: 999 }],
    ['bytes=-5000', { first: 0, last: 999 }],
    ['Bytes= 1-2 ', { first: 1, last: 2 }],
  ])('%s of 1000 bytes is a range', (header, range) => {
    expect(parseRange(header, 1000)).toEqual(range);
  });

  it.each([['bytes=1000-'], ['bytes=5000-6000'], ['bytes=-0']])('%s of 1000 bytes cannot be satisfied', (header) => {
    expect(parseRange(header, 1000)).toBe('unsatisfiable');
  });

  it.each([[undefined], [''], ['bytes=-'], ['bytes=5-4'], ['bytes=0-1,5-6'], ['items=0-1'], ['bytes=a-b']])(
    '%s is ignored',
    (header) => {
      expect(parseRange(header, 1000)).toBeNull();
    },
  );

  it.each([['bytes=0-'], ['bytes=0-0'], ['bytes=-1']])('%s of nothing cannot be satisfied', (header) => {
    expect(parseRange(header, 0)).toBe('unsatisfiable');
  });
});
