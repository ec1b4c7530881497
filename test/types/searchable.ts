/** Where `searchable` and searches must and must not compile. Checked by tsc, never run. */
import { Encrypt } from '../../src/decorators/encrypt.decorator.js';
import { EncryptedEntity } from '../../src/decorators/encrypted-entity.decorator.js';
import { Filterable } from '../../src/decorators/filterable.js';
import { Searchable } from '../../src/decorators/searchable.js';
import type { EncryptedTableClient } from '../../src/table/encrypted-table-client.js';

@EncryptedEntity<Patient>({ table: 'patients', clear: ['ward'] })
class Patient {
  [Filterable]?: 'ward';
  [Searchable]?: 'ssn' | 'age' | 'born' | 'scan' | 'active' | 'room';
  partitionKey!: string;
  rowKey!: string;
  @Encrypt({ searchable: true }) ssn!: string | null;
  @Encrypt({ searchable: { scope: 'table', bits: 12, mode: 'write' } }) age?: number;
  @Encrypt({ type: 'date', searchable: { of: (born: Date) => born.getFullYear() } }) born!: Date;
  @Encrypt({ searchable: { normalize: 'none' } }) scan!: Uint8Array;
  @Encrypt({ searchable: { of: (active: boolean) => String(active) } }) active!: boolean;
  @Encrypt<Patient>({ searchable: true, when: ({ ward }) => ward === '1' }) room!: string;
  @Encrypt({ searchable: { lookup: true } }) looked!: string;
  @Encrypt({ searchable: { lookup: 'unique', of: (state: boolean) => String(state) } }) state!: boolean;
  @Encrypt({ searchable: false }) address!: { readonly city: string };
  @Encrypt({ searchable: { of: ({ city }: { readonly city: string }) => city } }) home!: { readonly city: string };
  @Encrypt() unsearched!: string;
  ward!: string;
}

export class Refused {
  // @ts-expect-error a boolean has no tag
  @Encrypt({ searchable: true }) active!: boolean;
  // @ts-expect-error JSON has no tag
  @Encrypt({ searchable: { scope: 'table' } }) address!: { readonly city: string };
  // @ts-expect-error "of" expects another type
  @Encrypt({ searchable: { of: (born: Date) => born.getFullYear() } }) born!: string;
  // @ts-expect-error "of" returns a type that cannot be searched
  @Encrypt({ searchable: { of: (name: string) => name === '' } }) name!: string;
  // @ts-expect-error only searchable properties have a lookup table
  @Encrypt({ lookup: true }) unsearched!: string;
  // @ts-expect-error a boolean has no tag to look up
  @Encrypt({ searchable: { lookup: true } }) flag!: boolean;
  // @ts-expect-error unknown lookup
  @Encrypt({ searchable: { lookup: 'unique!' } }) wrong!: string;
  // @ts-expect-error unknown scope
  @Encrypt({ searchable: { scope: 'account' } }) other!: string;
}

declare const patients: EncryptedTableClient<Patient>;
const north = patients.where('partitionKey', 'eq', 'north');

export const accepted = [
  north.and('ssn', 'eq', '078-05-1120').or('age', 'in', [1, 2]),
  patients.where('born', 'eq', new Date()).and('scan', 'eq', Buffer.alloc(1)).and('active', 'eq', true),
  patients
    .where('room', 'in', ['1'] as const)
    .and(north.not())
    .and(patients.where('ward', 'ne', '1')),
];
patients.listEntities({ where: north.and('ssn', 'eq', 'x') });
export const tag: Promise<string> = patients.searchTag('ssn', 'x', { partitionKey: 'north' });

// @ts-expect-error it is not searchable
patients.where('unsearched', 'eq', 'x');
// @ts-expect-error also after "and"
north.and('unsearched', 'eq', 'x');
// @ts-expect-error also after "or"
north.or('unsearched', 'eq', 'x');
// @ts-expect-error tags can only be equal
patients.where('ssn', 'ne', 'x');
// @ts-expect-error tags have no order
patients.where('age', 'lt', 1);
// @ts-expect-error tags have no prefix
patients.where('ssn', 'startsWith', '0');
// @ts-expect-error tags have no order, also after "and"
north.and('age', 'ge', 1);
// @ts-expect-error a value that is not found may still exist
patients.where('ssn', 'eq', 'x').not();
// @ts-expect-error also under "and"
north.and('ssn', 'eq', 'x').not();
// @ts-expect-error also in a joined filter
north.or(patients.where('ssn', 'eq', 'x')).not();
// @ts-expect-error another type
patients.where('ssn', 'eq', 1);
// @ts-expect-error another type in the list
patients.where('age', 'in', [1, '2']);
// @ts-expect-error null has no tag
patients.where('ssn', 'eq', null);
// @ts-expect-error a plaintext property does not accept a list
patients.where('ward', 'in', ['1']);
// @ts-expect-error it has no tags
void patients.searchTag('unsearched', 'x');
