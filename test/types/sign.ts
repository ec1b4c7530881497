/** Where `@Sign()` must and must not compile. Checked by tsc, never run. */
import type { Edm } from '@azure/data-tables';
import { EncryptedEntity, Filterable, Sign } from 'nestjs-azure-encrypted-storage';

@EncryptedEntity<Signed>({ clear: ['note'] })
export class Signed {
  [Filterable]?: 'status' | 'note';
  partitionKey!: string;
  rowKey!: string;
  @Sign() status!: 'open' | 'paid';
  @Sign() cents?: number | null;
  @Sign() serial!: bigint;
  @Sign() urgent!: boolean;
  @Sign() due!: Date;
  @Sign() checksum!: Uint8Array;
  @Sign() id!: Edm<'Guid'>;
  @Sign() anything!: unknown;
  note?: string;
}

export class Refused {
  // @ts-expect-error keys are always signed
  @Sign() partitionKey!: string;
  // @ts-expect-error the service sets it
  @Sign() timestamp!: string;
  // @ts-expect-error a table cannot store a map
  @Sign() map!: Map<string, string>;
  // @ts-expect-error a table cannot store an object in plaintext
  @Sign() address!: { readonly street: string };
  // @ts-expect-error one of the two cannot be stored
  @Sign() either!: string | readonly string[];
}
