/** Rows with integrity entries: whatever is changed in storage, a read returns what was written, or an error. */
import fc from 'fast-check';
import { Encrypt, EncryptedEntity, isEncryptedStorageError, Sign } from 'nestjs-azure-encrypted-storage';
import type { EntityKeys, Row } from '../../src/table/entity-context.js';
import { openEntity, sealEntity } from '../../src/table/entity-envelope.js';
import { tablePolicy } from '../support/tables.js';

@EncryptedEntity({ table: 'rows' })
class Protected {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() one?: unknown;
  @Encrypt() two?: unknown;
  @Sign() status?: unknown;
  @Sign() amount?: unknown;
}

const context = { policy: tablePolicy({ integrity: 'require' }), account: 'a', table: 't', entityClass: Protected };
const NAMES = ['one', 'two', 'status', 'amount'] as const;
const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const signable = fc.oneof(
  text,
  // the service has only one zero
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.boolean(),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
);
const entity = fc.record({
  partitionKey: text,
  rowKey: text,
  one: fc.option(signable, { nil: undefined }),
  two: fc.option(signable, { nil: undefined }),
  status: fc.option(signable, { nil: undefined }),
  amount: fc.option(signable, { nil: undefined }),
});

/** The row in the service, which does not store null. */
const stored = ({ ...row }: Row): Row =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined && value !== null));

it('rows open to what was written', async () => {
  await fc.assert(
    fc.asyncProperty(entity, async (written) => {
      const row = await sealEntity(written, context);

      const opened = stored({ ...(await openEntity(stored(row) as Row & EntityKeys, context)) });
      expect(opened).toEqual(stored(written));
    }),
    { numRuns: 100 },
  );
});

/** A change of one column: another value, a value from another column or row, or none at all. */
const change = fc.oneof(
  fc.record({ name: fc.constantFrom(...NAMES), value: fc.oneof(signable, fc.constant(null), fc.constant(NaN)) }),
  fc.record({ name: fc.constantFrom(...NAMES), from: fc.constantFrom(...NAMES), isOther: fc.boolean() }),
  fc.record({ key: fc.constantFrom('partitionKey', 'rowKey'), value: text }),
);

it('rows open to what was written, or not at all, whatever is changed in storage', async () => {
  await fc.assert(
    fc.asyncProperty(
      entity,
      entity,
      fc.array(change, { minLength: 1, maxLength: 3 }),
      async (written, others, changes) => {
        const [row, other] = [await sealEntity(written, context), await sealEntity(others, context)];
        const changed: Row = { ...row };
        for (const each of changes) {
          if ('key' in each) changed[each.key] = each.value;
          else changed[each.name] = 'from' in each ? (each.isOther ? other : row)[each.from] : each.value;
        }

        const outcome: unknown = await openEntity(stored(changed) as Row & EntityKeys, context).catch(
          (error: unknown) => error,
        );

        if (outcome instanceof Error) expect(isEncryptedStorageError(outcome)).toBe(true);
        else expect(stored({ ...(outcome as Row) })).toEqual(stored(written));
      },
    ),
    { numRuns: 200 },
  );
});
