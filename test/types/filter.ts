/** Which filters must and must not compile. Checked by tsc, never run. */
import { Encrypt } from '../../src/decorators/encrypt.decorator.js';
import { EncryptedEntity } from '../../src/decorators/encrypted-entity.decorator.js';
import { Filterable } from '../../src/decorators/filterable.js';
import type { EncryptedTableClient } from '../../src/table/encrypted-table-client.js';

@EncryptedEntity<Patient>({
  table: 'patients',
  clear: ['ward', 'age', 'visits', 'urgent', 'admitted', 'digest', 'unlisted'],
})
class Patient {
  [Filterable]?: 'ward' | 'age' | 'visits' | 'urgent' | 'admitted' | 'digest';
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
  @Encrypt<Patient>({ when: (patient) => patient.urgent }) room?: string;
  ward!: 'north' | 'south';
  age?: number;
  visits!: bigint;
  urgent!: boolean;
  admitted!: Date | null;
  digest!: Uint8Array;
  unlisted!: string;
}

@EncryptedEntity<Refused>({ table: 'refuseds', clear: ['ward'] })
export class Refused {
  [Filterable]?: 'name' | 'ward';
  // @ts-expect-error filters can name only plaintext properties
  @Encrypt() name!: string;
  @Encrypt() room!: string;
  ward!: string;
}

@EncryptedEntity<Unlisted>({ table: 'unlisteds', clear: ['ward'] })
class Unlisted {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
  ward!: string;
}

declare const patients: EncryptedTableClient<Patient>;
declare const unlisted: EncryptedTableClient<Unlisted>;

export const accepted = [
  patients.where('partitionKey', 'eq', 'p').and('rowKey', 'startsWith', 'r').or('timestamp', 'gt', new Date()),
  patients
    .where('ward', 'eq', 'north')
    .and(patients.where('age', 'ge', 65).or('age', 'lt', 18))
    .not(),
  patients.where('age', 'ne', { type: 'Double', value: 1 }),
  patients.where('visits', 'le', 1n).and('urgent', 'eq', true).and('digest', 'eq', Buffer.alloc(1)),
  patients.where('admitted', 'ge', new Date()).and('admitted', 'lt', { type: 'DateTime', value: '' }),
];
patients.listEntities({ where: patients.where('ward', 'ne', 'south') });
unlisted.where('partitionKey', 'eq', 'p');

// @ts-expect-error it is sealed
patients.where('name', 'eq', 'x');
// @ts-expect-error it is sealed when its condition is true
patients.where('room', 'eq', 'x');
// @ts-expect-error it is sealed, also after "and"
patients.where('ward', 'eq', 'north').and('name', 'eq', 'x');
// @ts-expect-error it is sealed, also after "or"
patients.where('ward', 'eq', 'north').or('name', 'eq', 'x');
// @ts-expect-error the class does not list it
patients.where('unlisted', 'eq', 'x');
// @ts-expect-error the class lists nothing
unlisted.where('ward', 'eq', 'x');
// @ts-expect-error unknown property
patients.where('nothing', 'eq', 'x');
// @ts-expect-error unknown ward
patients.where('ward', 'eq', 'west');
// @ts-expect-error another type
patients.where('age', 'eq', '1');
// @ts-expect-error null cannot be compared
patients.where('admitted', 'eq', null);
// @ts-expect-error unknown operator
patients.where('ward', '=', 'north');
// @ts-expect-error only strings have a prefix
patients.where('age', 'startsWith', 1);
// @ts-expect-error a filter of another class
patients.listEntities({ where: unlisted.where('partitionKey', 'eq', 'p') });
// @ts-expect-error text belongs in queryOptions
patients.listEntities({ where: "ward eq 'north'" });
