/** `--encrypt <table>=<property>,<property>`: unnamed properties stay in plaintext, so nothing may be misread. */
import { accountOf } from '../../../src/command/account.js';
import { parseArguments } from '../../../src/command/maintain/arguments.js';
import { commandPolicy } from '../../../src/command/maintain/policy.js';
import { sourcesOf } from '../../../src/command/maintain/sources.js';

const env = { KEY: Buffer.alloc(32, 1).toString('base64') };

async function sourcesFor(...encrypt: readonly string[]) {
  const options = encrypt.flatMap((given) => ['--encrypt', given]);
  const found = parseArguments(['re-encrypt', '--plaintext', '--table', 't', ...options, '--new-key', 'a=env:KEY']);
  const { values } = found as Exclude<typeof found, 'help'>;
  const account = await accountOf({ account: 'clinic' }, {});
  return sourcesOf(await commandPolicy(values, env), account, { values, stateContainer: 's' });
}

it.each(['t=name, born', 't= name', 't=name,', 't=name,,born', 't=na me', 't=name;born', 'name,born'])(
  '%j is rejected, because a property would stay in plaintext',
  async (given) => {
    await expect(sourcesFor(given)).rejects.toThrow('--encrypt is <table>=<property>,<property>, without spaces');
  },
);

it.each(['t=born', 'T=born'])('%j is rejected if the table already has a list', async (second) => {
  await expect(sourcesFor('t=name', second)).rejects.toThrow(/names "[tT]" twice: give all of its properties at once/);
});

it.each(['Geburtsdatum,größe_1,_x', 'नाम,ชื่อ', 'cafe\u0301'])('%s are names of properties', async (names) => {
  expect(await sourcesFor(`t=${names}`)).toHaveLength(1);
});

it('distinguishes jobs that encrypt different properties', async () => {
  const [one, same, other, none] = await Promise.all(
    [['t=name,born'], ['t=born,name'], ['t=name'], []].map((given) => sourcesFor(...given)),
  );

  expect(same?.[0]?.variant).toBe(one?.[0]?.variant);
  expect(other?.[0]?.variant).not.toBe(one?.[0]?.variant);
  expect(none?.[0]?.variant).toBeUndefined();
});

it.each(['constructor', 'toString'])('a table may be called %s, like a member of every object', async (table) => {
  const found = parseArguments(['rewrap', '--retire', 'b', '--table', table, '--new-key', 'a=env:KEY']);
  const { values } = found as Exclude<typeof found, 'help'>;
  const account = await accountOf({ account: 'clinic' }, {});

  const [rows] = await sourcesOf(await commandPolicy(values, env), account, { values, stateContainer: 's' });

  expect([rows?.name, rows?.variant]).toEqual([table, undefined]);
});
