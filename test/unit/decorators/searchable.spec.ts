import { Encrypt } from '../../../src/decorators/encrypt.decorator.js';
import { EncryptedEntity } from '../../../src/decorators/encrypted-entity.decorator.js';

const encrypt = (options: object, property = 'ssn') => {
  Encrypt(options)({ ssn: '' }, property as never);
};
const refused = (text: string) =>
  expect.objectContaining({ code: 'INVALID_ENTITY', message: expect.stringContaining(text) as string }) as Error;

it.each([
  ['an unknown member', { searchable: { bit: 8 } }, '"searchable.bit"'],
  ['something that is not an object', { searchable: 'yes' }, 'true, false or an object'],
  ['null', { searchable: null }, 'true, false or an object'],
  ['an unknown scope', { searchable: { scope: 'account' } }, '"searchable.scope"'],
  ['an unknown form', { searchable: { normalize: 'fold' } }, '"searchable.normalize"'],
  ['an "of" that is not a function', { searchable: { of: 'month' } }, '"searchable.of"'],
  ['an unknown mode', { searchable: { mode: 'read' } }, '"searchable.mode"'],
  ['3 bits', { searchable: { bits: 3 } }, '4 to 128'],
  ['129 bits', { searchable: { bits: 129 } }, '4 to 128'],
  ['half a bit', { searchable: { bits: 8.5 } }, '4 to 128'],
  ['an unknown lookup', { searchable: { lookup: 'all' } }, '"searchable.lookup" must be true, false or "unique"'],
  ['a lookup with a condition', { when: () => true, searchable: { lookup: true } }, '"searchable.lookup"'],
  ['a unique value with short tags', { searchable: { lookup: 'unique', bits: 64 } }, '128 bits'],
  ['a boolean', { type: 'boolean', searchable: true }, '"searchable.of"'],
  ['JSON', { type: 'json', searchable: {} }, '"searchable.of"'],
  ['a normalized text with a condition', { when: () => true, searchable: { normalize: 'text' } }, '"when"'],
  ['a mapped value with a condition', { when: () => true, searchable: { of: String } }, '"when"'],
])('rejects %s', (_what, options, text) => {
  expect(() => {
    encrypt(options);
  }).toThrow(refused(text));
});

it('leaves room for the name of the column', () => {
  expect(() => {
    encrypt({ searchable: true }, 'x'.repeat(248));
  }).toThrow(refused('at most 247'));
  encrypt({ searchable: true }, 'x'.repeat(247));
});

it.each([[{ searchable: false }], [{ searchable: { bits: 4 } }], [{ searchable: { bits: 128, scope: 'table' } }]])(
  'accepts %j',
  (options) => {
    encrypt(options);
  },
);

it('keeps the names of the columns of tags', () => {
  expect(() => {
    encrypt({}, 'azcse_t_ssn');
  }).toThrow(refused('azcse_t_ssn'));
  expect(() => {
    EncryptedEntity<{ azcse_t_x: string }>({ clear: ['azcse_t_x'] })(
      class {
        declare azcse_t_x: string;
      },
    );
  }).toThrow(refused('azcse_t_x'));
});
