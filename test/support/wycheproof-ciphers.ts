/** Checks our ciphers against groups of Wycheproof cases. Only AES-256, and GCM with nonces of 96 bits, are ours. */
import { cbcOpener, cbcSealer } from '../../src/crypto/aes-cbc.js';
import { gcmOpening, gcmSealing } from '../../src/crypto/aes-gcm.js';
import { runAll } from '../../src/crypto/byte-transform.js';
import { importContentKey } from '../../src/crypto/content-key.js';
import { DecryptionError } from '../../src/errors/content.js';
import { type Case, type Group, hex, type Outcome, outcomeOf } from './wycheproof-keys.js';

const KEY_BITS = 256;
const NONCE_BITS = 96;
const OUT_OF_SCOPE: Outcome = { cases: 0, faults: [] };

/** Our regions have no additional data, so cases with such data have to be rejected. */
export async function aesGcmFaults(group: Group): Promise<Outcome> {
  if (group.keySize !== KEY_BITS || group.ivSize !== NONCE_BITS) return OUT_OF_SCOPE;
  return outcomeOf(group, (one) => {
    const isOurs = one.result === 'valid' && one.aad === '';
    if (!isOurs) return refusal(() => openGcm(one));
    const sealing = gcmSealing(importContentKey(hex(one.key)), hex(one.iv));
    const sealed = [sealing.update(hex(one.msg)), sealing.finish()].map((bytes) => bytes.toString('hex'));
    if (sealed.join() !== `${one.ct},${one.tag}`) return 'seals to other bytes';
    return openGcm(one).equals(hex(one.msg)) ? null : 'opens to other bytes';
  });
}

export async function aesCbcFaults(group: Group): Promise<Outcome> {
  if (group.keySize !== KEY_BITS) return OUT_OF_SCOPE;
  return outcomeOf(group, (one) => {
    const parameters = { key: importContentKey(hex(one.key)), iv: hex(one.iv), padding: 'pkcs7' } as const;
    const open = () => runAll(cbcOpener(parameters), hex(one.ct));
    if (one.result !== 'valid') return refusal(open);
    if (!runAll(cbcSealer(parameters), hex(one.msg)).equals(hex(one.ct))) return 'seals to other bytes';
    return open().equals(hex(one.msg)) ? null : 'opens to other bytes';
  });
}

function openGcm(one: Case): Buffer {
  const opening = gcmOpening(importContentKey(hex(one.key)), hex(one.iv));
  const opened = opening.update(hex(one.ct));
  opening.verify(hex(one.tag));
  return opened;
}

/** Expects our only error; otherwise reports the result. */
function refusal(open: () => Buffer): string | null {
  try {
    return `is accepted: ${open().length} bytes`;
  } catch (error) {
    return error instanceof DecryptionError ? null : `fails with ${String(error)}`;
  }
}
