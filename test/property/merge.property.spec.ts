import fc from 'fast-check';
import { Encrypt } from '../../src/decorators/encrypt.decorator.js';
import { EncryptedEntity } from '../../src/decorators/encrypted-entity.decorator.js';
import type { EntityKeys, Row } from '../../src/table/entity-context.js';
import { openEntity, sealEntity } from '../../src/table/entity-envelope.js';
import { mergedRow } from '../../src/table/merge/merged-row.js';
import { tablePolicy } from '../support/tables.js';

@EncryptedEntity<Guest>({ table: 'guests', clear: ['hidden', 'ward'] })
class Guest {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name?: unknown;
  @Encrypt() more?: unknown;
  @Encrypt<Guest>({ when: (guest) => guest.hidden === true }) room?: unknown;
  hidden?: boolean;
  ward?: unknown;
}

const keys = { partitionKey: 'p', rowKey: 'r' };
const context = { policy: tablePolicy(), account: 'a', table: 't', entityClass: Guest };
const scalar = fc.oneof(fc.string({ unit: 'binary' }), fc.double(), fc.boolean());
/** What a row keeps in plaintext. A table stores only finite numbers. */
const signable = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
);
const optional = (value: fc.Arbitrary<unknown>) => fc.option(value, { nil: undefined });
const nullable = (value: fc.Arbitrary<unknown>) => fc.option(value, { nil: null });
const change = fc.record(
  {
    name: optional(nullable(fc.oneof(scalar, fc.bigInt(), fc.date({ noInvalidDate: true })))),
    more: optional(nullable(scalar)),
    room: optional(nullable(signable)),
    hidden: fc.boolean(),
    ward: optional(nullable(signable)),
  },
  { requiredKeys: [] },
);

/** What the row contains after a change, as docs/tables.md describes. */
function after(state: Row, patch: Row): Row {
  const given = Object.entries(patch).filter(
    ([name, value]) => value !== undefined && !(value === null && ['ward', 'hidden'].includes(name)),
  );
  const next: Row = { ...state, ...Object.fromEntries(given) };
  if (next['room'] === null && next['hidden'] !== true) delete next['room'];
  return next;
}

describe('merges', () => {
  it('in sequence result in what each of them sets, sealed as the class declares', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (patches) => {
        let row: Row & EntityKeys = await sealEntity({ ...keys, name: 'first' }, context);
        let state: Row = { ...keys, name: 'first' };
        for (const patch of patches) {
          row = await mergedRow({ etag: '', row }, { ...keys, ...patch }, context);
          state = after(state, patch);

          expect({ ...(await openEntity(row, context)) }).toStrictEqual(state);
          for (const name of ['name', 'more', ...(state['hidden'] === true ? ['room'] : [])])
            if (name in state) expect(row[name]).toBeInstanceOf(Uint8Array);
        }
      }),
    );
  });
});
