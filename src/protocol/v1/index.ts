/** Protocol 1.0: AES-256-CBC, not authenticated; the format of the legacy SDKs. The KEK wraps the 32 bytes of the CEK bare. */
import { BLOCK_LENGTH, cbcSealer } from '../../crypto/aes-cbc.js';
import { randomBytes } from '../../crypto/bytes.js';
import { CONTENT_KEY_LENGTH } from '../../crypto/content-key.js';
import { decodeBase64 } from '../../encoding/base64.js';
import { DecryptionError, InvalidEncryptionDataError } from '../../errors/content.js';
import { once } from '../once.js';
import type { JsonFields, Protocol } from '../protocol.js';
import { cbcLayout, openWindow, paddingOf } from './content.js';
import { CbcScript } from './script.js';
import { type PropertyOpener, propertyOpener, rowKeyFirst, sealProperties, storedPropertyIv } from './entity.js';

export const protocolV1: Protocol = {
  version: '1.0',
  algorithm: 'AES_CBC_256',

  assertWrites: () => undefined,

  packKey: (contentKey) => Buffer.from(contentKey),

  // exactly 32, never a slice: 40 bytes are a key of 2.x under a changed label
  unpackKey: (packed) => {
    if (packed.length !== CONTENT_KEY_LENGTH) throw new DecryptionError();
    return Buffer.from(packed);
  },

  newLayout: ({ form }) => cbcLayout(paddingOf(form)),

  storedLayout: (fields, form) => {
    storedIv(fields);
    return cbcLayout(paddingOf(form));
  },

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
      script: () => {
        spend();
        return new CbcScript(content);
      },
      sealProperties: (properties) => sealProperties({ key, entityIv: iv, propertyIv: rowKeyFirst }, properties),
    };
  },

  opener: (key, fields, { form }) => {
    const iv = storedIv(fields);
    const padding = paddingOf(form);
    let openProperty: PropertyOpener | undefined;
    return {
      layout: cbcLayout(padding),
      open: (window) => openWindow({ key, iv, padding }, window),
      openProperty: (place, sealed) => {
        openProperty ??= propertyOpener({ key, entityIv: iv, propertyIv: storedPropertyIv(fields) });
        return openProperty(place, sealed);
      },
    };
  },
};

function storedIv(fields: JsonFields): Buffer {
  const text = fields['ContentEncryptionIV'];
  const iv = typeof text === 'string' ? decodeBase64(text) : null;
  if (iv?.length !== BLOCK_LENGTH) {
    throw new InvalidEncryptionDataError(`ContentEncryptionIV is not ${BLOCK_LENGTH} bytes of base64`);
  }
  return iv;
}
