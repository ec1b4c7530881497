/** Where `@EncryptedEntity()` must and must not compile. Checked by tsc, never run. */
import { Encrypt } from '../../src/decorators/encrypt.decorator.js';
import { EncryptedEntity } from '../../src/decorators/encrypted-entity.decorator.js';

@EncryptedEntity<Accepted>({ table: 'accepted', clear: ['ward', 'beds'] })
export class Accepted {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
  ward!: string;
  beds?: number;
}

@EncryptedEntity<Sub>({ clear: ['more', 'ward'] })
export class Sub extends Accepted {
  more!: string;
}

@EncryptedEntity({ table: 'wide', clear: '*' })
export class Wide {
  @Encrypt() name!: string;
}

@EncryptedEntity()
export class Bare {
  @Encrypt() name!: string;
}

export const refused = [
  // @ts-expect-error a misspelt name
  EncryptedEntity<Accepted>({ clear: ['wrad'] }),
  // @ts-expect-error keys are always in plaintext
  EncryptedEntity<Accepted>({ clear: ['rowKey'] }),
  // @ts-expect-error unknown option
  EncryptedEntity<Accepted>({ tabel: 'accepted' }),
];

// @ts-expect-error the names of another class
@EncryptedEntity<Accepted>({ clear: ['ward'] })
export class Other {
  @Encrypt() name!: string;
}

// @ts-expect-error the class lacks this property, even if no type argument names the class
@EncryptedEntity({ clear: ['ward'] })
export class Unnamed {
  @Encrypt() name!: string;
}
