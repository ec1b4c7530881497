/**
 * A made-up protocol 3.0 for one test: AES-256-CBC with an IV called Salt, and a content key wrapped after its name.
 */
import { cbcOpener, cbcSealer } from '../../../src/crypto/aes-cbc.js';
import { chain } from '../../../src/crypto/byte-transform.js';
import { randomBytes } from '../../../src/crypto/bytes.js';
import { exactLength } from '../../../src/crypto/exact-length.js';
import { trim } from '../../../src/crypto/trim.js';
import type { ContentLayout, Protocol, ReadField } from '../../../src/protocol/protocol.js';

const NAME = Buffer.from('toy 3.0 ');

/** Ranges are cut from the complete content, since this is only a toy. */
const layout: ContentLayout = {
  unitLength: 16,
  ciphertextLength: (length) => length + 16 - (length % 16),
  plaintextBounds: (length) => ({ least: length - 16, most: length - 1 }),
  window: ({ offset, count = Infinity }, length) => ({
    ...{ offset: 0, count: length, reachesEnd: true },
    ...{ skip: offset, take: count },
  }),
};

const saltOf = (field: ReadField): Buffer => Buffer.from(String(field('Toy', 'Salt')), 'hex');

export const protocolV3 = {
  version: '3.0',
  algorithm: 'TOY',
  forms: ['stream', 'message'],
  packedLength: 40,
  authenticates: false,
  regionLength: 'none',
  notes: [],
  packKey: (contentKey) => Buffer.concat([NAME, contentKey]),
  unpackKey: (packed) => Buffer.from(packed.subarray(NAME.length)),
  newLayout: () => layout,
  storedLayout: () => layout,
  boundParameters: (field) => saltOf(field),
  sealer: (key) => {
    const salt = randomBytes(16);
    return {
      fields: { Toy: { Salt: salt.toString('hex') } },
      layout,
      seal: () => cbcSealer({ key, iv: salt, padding: 'pkcs7' }),
    };
  },
  opener: (key, field) => ({
    layout,
    open: ({ count, skip, take }) =>
      chain(exactLength(count), chain(cbcOpener({ key, iv: saltOf(field), padding: 'pkcs7' }), trim(skip, take))),
  }),
} as const satisfies Protocol;
