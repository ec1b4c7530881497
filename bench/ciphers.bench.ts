/** The ciphers alone, as Node gives them: no transfer of that protocol can be faster, so it is what a ratio may be at best. */
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { freeMemory } from './support/internals.js';
import type { Lab, Subject } from './support/lab.js';
import type { Row } from './support/report.js';
import { medianOf } from './support/rounds.js';
import { takeSample } from './support/sample.js';
import { MIB } from './support/transfer.js';

const STEP_LENGTH = 64 * 1024;

type Protocol = '1.0' | '2.0';
type Direction = 'seal' | 'open';

const NAMES = { '1.0': 'AES-256-CBC', '2.0': 'AES-256-GCM' } as const;
const CASES = (['seal', 'open'] as const).flatMap((direction) =>
  (['1.0', '2.0'] as const).map((protocol) => ({ direction, protocol })),
);

export const ciphers: Subject = {
  name: 'ciphers',
  run: async (lab: Lab) => {
    const length = (lab.isQuick ? 8 : 256) * MIB;
    const content = randomBytes(4 * MIB);
    const key = (direction: Direction, protocol: Protocol): string => `${direction} ${protocol}`;
    const found = await lab.compare(
      'ciphers alone',
      Object.fromEntries(
        CASES.map(({ direction, protocol }) => [
          key(direction, protocol),
          () => takeSample(() => run(cipherOf(direction, protocol), content, length)),
        ]),
      ),
    );
    return CASES.map(({ direction, protocol }): Row => {
      const samples = found[key(direction, protocol)]!;
      return {
        subject: 'ciphers alone, 64 KiB at once',
        case: `${direction}, ${NAMES[protocol]}`,
        protocol,
        unit: 'MB/s',
        encrypted: length / 1e6 / medianOf(samples, ({ seconds }) => seconds),
        quiet: samples.quiet,
      };
    });
  },
};

function cipherOf(direction: Direction, protocol: Protocol): (bytes: Buffer) => Buffer {
  const key = createSecretKey(randomBytes(32));
  const [name, iv] = protocol === '1.0' ? ['aes-256-cbc', randomBytes(16)] : ['aes-256-gcm', randomBytes(12)];
  const cipher = direction === 'seal' ? createCipheriv(name, key, iv) : createDecipheriv(name, key, iv);
  return (bytes) => cipher.update(bytes);
}

function run(update: (bytes: Buffer) => Buffer, content: Buffer, length: number): Promise<void> {
  for (let at = 0; at < length; at += STEP_LENGTH) {
    const from = at % content.length;
    freeMemory.freeMemory(update(content.subarray(from, from + STEP_LENGTH)));
  }
  return Promise.resolve();
}
