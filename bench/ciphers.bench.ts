/** The ciphers alone: the upper limit for a transfer. */
import { type CipherCase, cipherRates, CIPHERS } from './support/cipher-rates.js';
import type { Subject } from './support/lab.js';

export const ciphers: Subject = {
  name: 'ciphers',
  run: async (lab) => {
    const rates = await cipherRates(lab);
    return (Object.keys(CIPHERS) as CipherCase[]).map((name) => {
      const [use, protocol = '1.0'] = name.split(' ');
      return {
        subject: 'ciphers alone, 64 KiB at once',
        case: `${use}, ${CIPHERS[name]}`,
        protocol,
        unit: 'MB/s',
        encrypted: rates[name].rate,
        quiet: rates[name].quiet,
      };
    });
  },
};
