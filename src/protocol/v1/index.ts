/**
 * Protocol 1.0: AES-256-CBC without authentication, the format of the legacy SDKs. The KEK wraps only the 32 bytes of the CEK.
 */
import { BLOCK_LENGTH, cbcSealer } from '../../crypto/aes-cbc.js';
import { randomBytes } from '../../crypto/bytes.js';
import { CONTENT_KEY_LENGTH, copyOfKey } from '../../crypto/content-key.js';
import { lengthPrefixedList } from '../../encoding/length-prefixed.js';
import { decodeBase64 } from '../../encoding/base64.js';
import { DecryptionError, InvalidEncryptionDataError } from '../../errors/content.js';
import { once } from '../once.js';
import { isOldJava, type Protocol } from '../protocol.js';
import { storedParameter } from '../stored-parameter.js';
import { cbcLayout, openWindow, paddingOf } from './content.js';
import { CbcPlan } from './plan.js';
import { type PropertiesOpener, propertiesOpener, rowKeyFirst, sealProperties, storedKeyOrder } from './entity.js';

export const protocolV1 = {
  version: '1.0',
  algorithm: 'AES_CBC_256',
  forms: ['stream', 'pages', 'message', 'entity'],
  packedLength: CONTENT_KEY_LENGTH,
  authenticates: false,
  regionLength: 'none',
  notes: ['protocol 1.0 authenticates nothing: changed content decrypts without an error'],

  packKey: copyOfKey,

  // exactly 32, never a slice: 40 bytes are a key of 2.x under a changed label
  unpackKey: (packed) => {
    if (packed.length !== CONTENT_KEY_LENGTH) throw new DecryptionError();
    return copyOfKey(packed);
  },

  newLayout: ({ form }) => cbcLayout(paddingOf(form)),

  storedLayout: (field, form) => {
    storedIv(field);
    return cbcLayout(paddingOf(form));
  },

  boundParameters: (field) => lengthPrefixedList([storedIv(field)]),

  propertyOrder: (field) => (isOldJava(field) ? 1 : 0),

  sealer: (key, { form, iv = randomBytes(BLOCK_LENGTH) }) => {
    const content = { key, iv, padding: paddingOf(form) };
    const spend = once();
    return {
      fields: { ContentEncryptionIV: Buffer.from(iv).toString('base64') },
      layout: cbcLayout(content.padding),
      seal: () => {
        spend();
        return cbcSealer(content);
      },
      plan: () => {
        spend();
        return new CbcPlan(content);
      },
      sealProperties: (place, properties) =>
        sealProperties({ key, entityIv: iv, keyOrder: rowKeyFirst }, place, properties),
    };
  },

  opener: (key, field, { form }) => {
    const iv = storedIv(field);
    const padding = paddingOf(form);
    let open: PropertiesOpener | undefined;
    return {
      layout: cbcLayout(padding),
      open: (window) => openWindow({ key, iv, padding }, window),
      openProperties: (place, properties) => {
        open ??= propertiesOpener({ key, entityIv: iv, keyOrder: storedKeyOrder(field) });
        return open(place, properties);
      },
    };
  },
} as const satisfies Protocol;

const storedIv = storedParameter((field) => {
  const text = field('ContentEncryptionIV');
  const iv = typeof text === 'string' ? decodeBase64(text) : null;
  if (iv?.length !== BLOCK_LENGTH) {
    throw new InvalidEncryptionDataError(`ContentEncryptionIV is not ${BLOCK_LENGTH} bytes of base64`);
  }
  return iv;
});
