import {
  bigEndian64,
  bigEndian96,
  littleEndianFromOne,
  loneRegionCheck,
  mayStandAlone,
  type NonceScheme,
  nonceOrder,
  waysOf,
} from '../../../src/protocol/v2/nonce.js';

const SCHEMES: readonly (readonly [string, NonceScheme])[] = [
  ['.NET and this package', littleEndianFromOne],
  ['Python', bigEndian96],
  ['Java', bigEndian64],
];
const MOST = 50_000_000;
const outOfOrder = expect.objectContaining({ code: 'REGION_OUT_OF_ORDER' }) as Error;

describe('nonces', () => {
  it.each([
    [littleEndianFromOne, 0, '000000000100000000000000'],
    [littleEndianFromOne, 255, '000000000001000000000000'],
    [bigEndian96, 0, '000000000000000000000000'],
    [bigEndian96, 256, '000000000000000000000100'],
    [bigEndian64, 0, '000000000000000000000000'],
    [bigEndian64, 256, '000000000000010000000000'],
  ] as const)('are counted (%#)', (scheme, region, expected) => {
    expect(scheme(region).toString('hex')).toBe(expected);
  });

  it('identify their writers', () => {
    expect(waysOf(0, littleEndianFromOne(0))).toHaveLength(1);
    expect(waysOf(0, bigEndian96(0))).toHaveLength(2);
    expect(waysOf(1, bigEndian96(2))).toEqual([]);
  });
});

describe.each(SCHEMES)('the order of regions of %s', (_writer, scheme) => {
  it('accepts regions in order, starting at any region', () => {
    for (const first of [0, 1, 255, 65_535]) {
      const { check } = nonceOrder('any', MOST);
      for (let region = first; region < first + 4; region += 1) check(region, scheme(region));
    }
  });

  it.each([
    ['left out', [0, 2]],
    ['duplicated', [0, 0]],
    ['swapped', [1, 0]],
    ['moved to the front', [7]],
  ])('rejects regions that are %s', (_what, regions) => {
    const { check } = nonceOrder('any', MOST);

    expect(() => {
      regions.forEach((region, place) => {
        check(place, scheme(region));
      });
    }).toThrow(outOfOrder);
  });

  it('does not switch to another way of counting', () => {
    for (const [, other] of SCHEMES.filter(([, candidate]) => candidate !== scheme)) {
      const { check } = nonceOrder('any', MOST);
      check(1, scheme(1));
      expect(() => {
        check(2, other(2));
      }).toThrow(outOfOrder);
    }
  });
});

describe('a nonce that belongs to different regions in different ways of counting', () => {
  it('requires proof by region 0', () => {
    const { isAmbiguous } = nonceOrder('any', MOST);

    // region 65,535 of ours is region 256 of Java
    expect(littleEndianFromOne(65_535).equals(bigEndian64(256))).toBe(true);
    expect(isAmbiguous(65_535, littleEndianFromOne(65_535))).toBe(true);
    expect(isAmbiguous(1, littleEndianFromOne(1))).toBe(false);
  });

  it('is unambiguous once region 0 was seen, or if only our own way counts', () => {
    const { check, isAmbiguous } = nonceOrder('any', MOST);
    check(0, littleEndianFromOne(0));

    expect(isAmbiguous(65_535, littleEndianFromOne(65_535))).toBe(false);
    expect(nonceOrder('ours', MOST).isAmbiguous(65_535, littleEndianFromOne(65_535))).toBe(false);
  });

  it('is unambiguous if content never has that many regions', () => {
    expect(nonceOrder('any', 256).isAmbiguous(65_535, littleEndianFromOne(65_535))).toBe(false);
  });
});

describe('content that is one region', () => {
  it.each(SCHEMES)('may have the first nonce of %s, not a later one', (_writer, scheme) => {
    expect(mayStandAlone(scheme(0))).toBe(true);
    expect(mayStandAlone(scheme(1))).toBe(false);
    expect(() => {
      loneRegionCheck(0, scheme(5));
    }).toThrow(outOfOrder);
  });

  it('may have a random nonce', () => {
    expect(mayStandAlone(Buffer.alloc(12, 0x5a))).toBe(true);
  });
});
