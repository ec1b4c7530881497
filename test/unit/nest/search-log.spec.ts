import { Encrypt } from '../../../src/decorators/encrypt.decorator.js';
import { warnOfSearchTag } from '../../../src/nest/options/failure-log.js';
import { warnOfSearchable } from '../../../src/nest/options/search-log.js';
import { logLines } from '../../support/log-lines.js';

const lines = logLines();

class Three {
  @Encrypt({ searchable: true }) one!: string;
  @Encrypt({ searchable: true }) two!: string;
  @Encrypt({ searchable: {} }) three!: string;
  @Encrypt({ searchable: false }) unsearched!: string;
}
class Four extends Three {
  @Encrypt({ searchable: true }) four!: string;
}

it('warns about a class with more than three searchable properties, inherited ones too', () => {
  warnOfSearchable(Three);
  expect(lines).toEqual([]);
  warnOfSearchable(Four);
  expect(lines).toEqual([expect.stringContaining('entity class Four has 4 searchable properties')]);
});

it.each([
  ['missing', 'no search tag'],
  ['different', 'does not fit its value'],
] as const)('warns about a tag that is %s, without the keys of the row', (fault, text) => {
  const [partitionKey, rowKey] = ['secret partition', 'secret row'];
  warnOfSearchTag({ tableName: 'patients', propertyName: 'ssn', partitionKey, rowKey, fault });

  expect(lines).toEqual([expect.stringContaining(text)]);
  expect(lines.join()).not.toContain('secret');
});
