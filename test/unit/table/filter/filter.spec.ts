import { inspect } from 'node:util';
import { Encrypt } from '../../../../src/decorators/encrypt.decorator.js';
import { EncryptedEntity } from '../../../../src/decorators/encrypted-entity.decorator.js';
import { Filterable } from '../../../../src/decorators/filterable.js';
import { conditionText } from '../../../../src/table/filter/condition.js';
import { Filter } from '../../../../src/table/filter/filter.js';
import { assertClearFilter } from '../../../../src/table/filter/filter-guard.js';

@EncryptedEntity<Visit>({ table: 'visits', clear: ['ward', 'age'] })
class Visit {
  [Filterable]?: 'ward' | 'age';
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
  @Encrypt<Visit>({ when: () => false }) room?: string;
  ward!: string;
  age!: number;
}
@EncryptedEntity({ table: 'subs' })
class Sub extends Visit {
  @Encrypt() more!: string;
}
@EncryptedEntity({ table: 'others' })
class SealedAge {
  @Encrypt() age!: number;
}
@EncryptedEntity({ table: 'searched' })
class Searched {
  @Encrypt({ searchable: true }) ssn!: string;
}

const where = (name: string, operator: string, value: unknown) => Filter.where(Visit, [name, operator, value]);
const sealed = (propertyName: string) =>
  expect.objectContaining({
    code: 'ENCRYPTED_PROPERTY_IN_FILTER',
    propertyName,
    message: expect.stringContaining(`"${propertyName}"`) as string,
  }) as Error;

describe('a filter', () => {
  it('joins comparisons with only the brackets that it needs', () => {
    const ward = where('ward', 'eq', '3');
    const either = where('age', 'lt', 18).or('age', 'ge', 65);

    expect(String(ward.and('age', 'gt', 5).and('rowKey', 'ne', 'x'))).toBe(
      "ward eq '3' and age gt 5 and RowKey ne 'x'",
    );
    expect(String(ward.and(either))).toBe("ward eq '3' and (age lt 18 or age ge 65)");
    expect(String(either.and(ward))).toBe("(age lt 18 or age ge 65) and ward eq '3'");
    expect(String(either.or('age', 'eq', 40))).toBe('age lt 18 or age ge 65 or age eq 40');
    expect(String(either.not().and('partitionKey', 'le', 'p'))).toBe(
      "(not (age lt 18 or age ge 65)) and PartitionKey le 'p'",
    );
    expect(String(where('timestamp', 'ge', new Date(0)))).toBe("Timestamp ge datetime'1970-01-01T00:00:00.000Z'");
  });

  it('expresses a prefix by its lower and upper bounds', () => {
    expect(String(where('rowKey', 'startsWith', "o'b"))).toBe("RowKey ge 'o''b' and RowKey lt 'o''c'");
    expect(String(where('age', 'eq', 1).or('ward', 'startsWith', 'a'))).toBe(
      "age eq 1 or (ward ge 'a' and ward lt 'b')",
    );
    expect(String(where('ward', 'startsWith', ''))).toBe("ward ge ''");
  });

  it('is not changed by what is derived from it', () => {
    const ward = where('ward', 'eq', '3');
    ward.and('age', 'gt', 5);
    ward.not();

    expect(String(ward)).toBe("ward eq '3'");
  });

  it.each(['name', 'room'])('rejects the sealed property %s, as the first comparison and as a later one', (name) => {
    expect(() => where(name, 'eq', 'x')).toThrow(sealed(name));
    expect(() => where('ward', 'eq', '3').and(name as 'ward', 'eq', 'x')).toThrow(sealed(name));
    expect(() => where('ward', 'eq', '3').or(name as 'ward', 'eq', 'x')).toThrow(sealed(name));
  });

  it('rejects invalid names, operators and prefixes', () => {
    const invalid = expect.objectContaining({ code: 'INVALID_OPTIONS' }) as Error;

    for (const name of ['', "ward eq '3' or name", '1', 'a b', "ward'"])
      expect(() => where(name, 'eq', '3')).toThrow(invalid);
    for (const operator of ['', '=', 'eq 1 or', 'toString'])
      expect(() => where('ward', operator, '3')).toThrow(invalid);
    expect(() => where('age', 'startsWith', 1)).toThrow(invalid);
  });
});

describe('the condition of a filter', () => {
  const eitherAge = where('ward', 'eq', '3').and(where('age', 'lt', 18).or('age', 'ge', 65));

  it('has the text that the filter shows', () => {
    expect(conditionText(Filter.conditionOf(eitherAge, Visit))).toBe(String(eitherAge));
  });

  it('rejects what the queried class seals, even if the class of the filter does not', () => {
    expect(() => Filter.conditionOf(eitherAge, SealedAge)).toThrow(sealed('age'));
    expect(() => Filter.conditionOf(where('age', 'eq', 1).not(), SealedAge)).toThrow(sealed('age'));
  });

  it.each(["ward eq '3'", null, {}, ['ward', 'eq', '3']])('rejects %j, which where() did not make', (given) => {
    expect(() => Filter.conditionOf(given as never, Visit)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTIONS' }) as Error,
    );
  });
});

it('a search does not show its values in logs, JSON or text', () => {
  const search = Filter.where(Searched, ['ssn', 'eq', '078-05-1120']);
  const joined = search.and(Filter.where(Searched, ['partitionKey', 'eq', 'north']));

  for (const filter of [search, joined])
    expect([inspect(filter, { depth: null }), JSON.stringify({ where: filter }), String(filter)].join()).not.toContain(
      '078',
    );
});

describe('text as a filter', () => {
  it.each([
    ["name eq 'x'", 'name'],
    ["PartitionKey eq 'p' and (ward eq '3' or room eq '12')", 'room'],
    ["'x' eq name", 'name'],
  ])('%s is rejected', (filter, name) => {
    expect(() => assertClearFilter(Visit, filter)).toThrow(sealed(name));
  });

  it.each([
    "ward eq 'name'",
    "Name eq 'x'",
    "names eq 'x'",
    "PartitionKey eq 'it''s name' and age gt 1",
    "more eq 'x'",
  ])('%s passes', (filter) => {
    expect(() => assertClearFilter(Visit, filter)).not.toThrow();
  });

  it('is rejected for what a base class seals', () => {
    expect(() => assertClearFilter(Sub, "name eq 'x'")).toThrow(sealed('name'));
    expect(() => assertClearFilter(Sub, "more eq 'x'")).toThrow(sealed('more'));
  });
});
