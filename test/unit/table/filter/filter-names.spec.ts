import { namesInFilter } from '../../../../src/table/filter/filter-names.js';

describe('names in a filter', () => {
  const filters: readonly (readonly [string, readonly string[]])[] = [
    ["PartitionKey eq 'north'", ['PartitionKey']],
    [
      "PartitionKey eq 'north' and (ward gt 3 or not (admitted le datetime'2026-01-01T00:00:00Z'))",
      ['PartitionKey', 'ward', 'admitted'],
    ],
    ["ward eq 'name'", ['ward']],
    ["ward eq 'name eq ''x'' and name ne 2'", ['ward']],
    ["ward eq '''name'''", ['ward']],
    ["ward eq '' and name eq ''", ['ward', 'name']],
    ["'x' eq name", ['name']],
    ["ward eq'x'and name eq'y'", ['ward', 'name']],
    ["not(name eq 'x')", ['name']],
    ["(((name)) eq 'x')", ['name']],
    ["name\teq\n'x'", ['name']],
    ['active', ['active']],
    ['not active', ['active']],
    ['active eq true or gone ne false', ['active', 'gone']],
    ["id eq guid'a0000000-0000-0000-0000-00000000000b' and raw eq X'0a' and old eq binary'0b'", ['id', 'raw', 'old']],
    ['a eq 1L and b eq 1.5e-7 and c eq -2 and d eq 1e+21', ['a', 'b', 'c', 'd']],
    ['and eq 1 and or eq 2 or eq eq 3', ['and', 'or', 'eq']],
    ["ward eq 3and name eq 'x'", ['ward', 'name']],
    ['3eq name and 0xa0 eq raw or 2.5dand id eq 1L', ['name', 'raw', 'id']],
    ["startswith(name, 'a') and substringof('x', diagnosis)", ['name', 'diagnosis']],
    ["größe eq 1 and _x eq 2 and _ClientEncryptionMetadata1 ne 'any'", ['größe', '_x', '_ClientEncryptionMetadata1']],
    ["ward eq 'unfinished name", ['ward']],
    ['', []],
  ];

  it.each(filters)('of %j are %j', (filter, names) => {
    expect(namesInFilter(filter)).toEqual(names);
  });
});
