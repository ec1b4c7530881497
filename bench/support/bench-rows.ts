/** The entity of the bench: 20 properties, 10 of them sealed. */
import { createSecretKey } from 'node:crypto';
import { Encrypt, EncryptedEntity } from 'nestjs-azure-encrypted-storage';
import { rowByHand } from './row-by-hand.js';
import { benchKey } from './transfer.js';

const SEALED = 10;
const CLEAR = 10;

/** Its properties are marked below, one by one. */
@EncryptedEntity({ table: 'sealed', clear: '*' })
export class BenchEntity {
  partitionKey = 'bench';
  rowKey = '';
}
export const sealedNames = Array.from({ length: SEALED }, (_, i) => `sealed${i}`);
for (const name of sealedNames) (Encrypt() as PropertyDecorator)(BenchEntity.prototype, name);
const properties = Object.fromEntries(
  [...sealedNames, ...Array.from({ length: CLEAR }, (_, i) => `clear${i}`)].map((name) => [
    name,
    `value of ${name}, `.repeat(3),
  ]),
);

export const entityOf = (rowKey: string) => ({ partitionKey: 'bench', rowKey, ...properties });

/** Rows in a page. */
export const PAGE = 1000;

export const rowPolicy = { protocol: '2.0', keyEncryptionKey: benchKey(), requireEncryption: true } as const;

/** Seals and opens the same rows with hand-written code. */
export const hand = rowByHand({
  kek: createSecretKey(Buffer.alloc(32, 'bench')),
  keyId: rowPolicy.keyEncryptionKey.keyId,
  names: sealedNames,
  integrity: 'verify',
});
