/** Several processes write one row with lookup entries, and may end at any point: the row is found by all its tags. */
import type { PipelinePolicy } from '@azure/core-rest-pipeline';
import type { EncryptedTableClient } from 'nestjs-azure-encrypted-storage';
import { Random } from '../faults/random.js';
import { uniqueTableName } from '../support/azurite.js';
import { Interleaving } from '../support/interleaved.js';
import { entriesIn, lookedUp, type LookedUp, type Member, member } from '../support/lookups.js';
import { found } from '../support/patients.js';

const NAMES = ['a', 'b'];
const row = (name: string, rowKey = '1'): Member => member(rowKey, { name, email: `${name}@example.org` });

async function table(): Promise<string> {
  const name = uniqueTableName('members');
  await lookedUp(name).members.createTable();
  return name;
}

/** The rows as `key name`, and those that searches find by each of their properties. */
async function stateOf({
  members,
}: LookedUp): Promise<Readonly<Record<'stored' | 'byName' | 'byEmail', readonly string[]>>> {
  const listed = async (options: Parameters<typeof members.listEntities>[0]): Promise<readonly string[]> =>
    (await found(members, options)).map(({ rowKey, name }) => `${rowKey} ${name ?? ''}`).sort();
  const emails = NAMES.map((name) => `${name}@example.org`);
  return {
    stored: await listed({}),
    byName: await listed({ where: members.where('name', 'in', NAMES) }),
    byEmail: await listed({ where: members.where('email', 'in', emails) }),
  };
}

/** A client that runs a callback before it inserts a row, and ends after the insert. */
function endingAfterInsert(name: string, before: () => Promise<unknown>): EncryptedTableClient<Member> {
  const { members } = lookedUp(name);
  const policy: PipelinePolicy = {
    name: 'ends after the insert',
    sendRequest: async (request, next) => {
      if (request.method !== 'POST') return next(request);
      await before();
      await next(request);
      throw new Error('the process ends');
    },
  };
  members.unencryptedClient.pipeline.addPolicy(policy);
  return members;
}

describe('a row that one process deletes and another reinserts just before it ends', () => {
  it('is found', async () => {
    const name = await table();
    const made = lookedUp(name);
    await made.members.createEntity(row('a'));
    const inserting = endingAfterInsert(name, () => made.members.deleteEntity('north', '1'));

    await expect(inserting.createEntity(row('a'))).rejects.toThrow('the process ends');

    expect(await stateOf(made)).toEqual({ stored: ['1 a'], byName: ['1 a'], byEmail: ['1 a'] });
  });

  it('is found even if a third process has tried to insert it meanwhile', async () => {
    const name = await table();
    const made = lookedUp(name);
    await made.members.createEntity(row('a'));
    const inserting = endingAfterInsert(name, async () => {
      await expect(made.members.createEntity(row('a'))).rejects.toMatchObject({ statusCode: 409 });
      await made.members.deleteEntity('north', '1');
    });

    await expect(inserting.createEntity(row('a'))).rejects.toThrow('the process ends');

    expect(await stateOf(made)).toEqual({ stored: ['1 a'], byName: ['1 a'], byEmail: ['1 a'] });
  });
});

it('releases the values of a row that was inserted twice once it is deleted', async () => {
  const made = lookedUp(await table());
  await made.members.createEntity(row('a'));
  await expect(made.members.createEntity(row('a'))).rejects.toMatchObject({ statusCode: 409 });

  await made.members.deleteEntity('north', '1');

  expect(await entriesIn(made.entries)).toEqual([]);
});

const CALLS: readonly ((members: EncryptedTableClient<Member>, one: Member) => Promise<unknown>)[] = [
  (members, one) => members.createEntity(one),
  (members, one) => members.upsertEntity(one),
  (members, one) => members.updateEntity(one),
  (members, one) => members.updateEntity(one, 'Merge'),
  (members, { rowKey }) => members.deleteEntity('north', rowKey),
  (members, { rowKey }) => members.deleteEntity('north', rowKey),
  (members, one) => members.submitTransaction([['upsert', one]]),
  (members, { partitionKey, rowKey }) => members.submitTransaction([['delete', { partitionKey, rowKey }]]),
];

const SEEDS = Number(process.env['LOOKUP_RACES'] ?? 30);

it(`finds every row by its values, and no value twice, after ${SEEDS} random races of ending processes`, async () => {
  const name = await table();
  for (let seed = 0; seed < SEEDS; seed += 1) {
    const random = new Random('lookup races', seed);
    const interleaving = new Interleaving(random);
    const oneProcess = async (): Promise<void> => {
      const policy = interleaving.process(random.chance(0.5) ? random.between(1, 12) : 100);
      const { members } = lookedUp(name, { policy });
      for (let count = random.between(1, 3); count > 0; count -= 1)
        await random
          .pick(CALLS)(members, row(random.pick(NAMES), random.pick(['1', '1', '2'])))
          .catch(() => undefined);
    };
    await interleaving.run(Array.from({ length: 4 }, oneProcess));

    const { stored, byName, byEmail } = await stateOf(lookedUp(name));
    expect([seed, byName, byEmail]).toEqual([seed, stored, stored]);
    const names = stored.map((one) => one.slice(2));
    expect(names).toEqual([...new Set(names)]);
  }
});
