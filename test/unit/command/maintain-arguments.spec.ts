import { accountOf } from '../../../src/command/account.js';
import { parseArguments } from '../../../src/command/maintain/arguments.js';
import { commandPolicy } from '../../../src/command/maintain/policy.js';
import { sourcesOf } from '../../../src/command/maintain/sources.js';
import { Encrypt } from '../../../src/decorators/encrypt.decorator.js';

const KEY = ['--new-key', 'a=env:KEY'];
const env = { KEY: Buffer.alloc(32, 1).toString('base64'), SHORT: 'AAAA' };

/** Every reason to reject a command line. */
async function faults(args: readonly string[]): Promise<readonly string[]> {
  try {
    const found = parseArguments(args);
    if (found !== 'help') await commandPolicy(found.values, env);
    return [];
  } catch (error) {
    return (error as { readonly faults: readonly string[] }).faults;
  }
}

describe('the command line of maintain', () => {
  it.each([
    [['rewrap', '--retire', 'a', '--retire', 'b'], { do: 'rewrap', retire: ['a', 'b'] }],
    [['rewrap', '--retire-all-but', 'a'], { do: 'rewrap', retire: { prefix: '', except: ['a'] } }],
    [['re-encrypt', '--plaintext'], { do: 'reencrypt', when: { plaintext: true } }],
    [['re-encrypt', '--from-protocol', '1.0'], { do: 'reencrypt', when: { protocols: ['1.0'] } }],
    [['re-encrypt', '--retire', 'a'], { do: 'reencrypt', when: { keyIds: ['a'] } }],
    [['re-encrypt', '--without-integrity'], { do: 'reencrypt', when: { withoutIntegrity: true } }],
    [['census', '--retire', 'a'], { do: 'census', retire: ['a'] }],
    [['delete-superseded', '--retire', 'b'], { do: 'deleteSuperseded', when: { keyIds: ['b'] } }],
    [['delete-superseded', '--plaintext'], { do: 'deleteSuperseded', when: { plaintext: true } }],
    [['rewrap', '--retire', 'b', '--verify', 'content'], { do: 'rewrap', retire: ['b'], verify: 'content' }],
    [['re-encrypt', '--plaintext', '--verify', 'read-back'], { do: 'reencrypt', verify: 'readBack' }],
    [['re-encrypt', '--plaintext', '--verify', 'snapshot', '--to-block'], { do: 'reencrypt', verify: 'snapshot' }],
  ])('%j is the task %j', (args, task) => {
    const found = parseArguments([...args, '--container', 'c', ...KEY]);

    expect(found).toMatchObject({ task });
  });

  it.each([
    [['--container', 'c'], /use maintain census/],
    [['look', '--container', 'c'], /use maintain census/],
    [['census', 'more', '--container', 'c'], /use maintain census/],
    [['census'], /give a place/],
    [['rewrap', '--container', 'c', ...KEY], /rewrap needs --retire/],
    [['rewrap', '--container', 'c', '--retire', 'b'], /rewrap needs --new-key/],
    [['rewrap', '--container', 'c', '--retire', 'b', '--retire-all-but', 'c', ...KEY], /not both/],
    [['rewrap', '--container', 'c', '--retire', 'b', '--config', 'x.mjs', ...KEY], /not both/],
    [['rewrap', '--container', 'c', '--retire', 'b', '--new-key', 'a=KEY'], /a key is/],
    [['rewrap', '--container', 'c', '--retire', 'b', '--new-key', 'a=env:NO_SUCH'], /no environment variable NO_SUCH/],
    [
      ['rewrap', '--container', 'c', '--retire', 'b', '--new-key', `a=env:${env.KEY}`],
      /variable: give its name, not its value$/,
    ],
    [['rewrap', '--container', 'c', '--retire', 'b', '--new-key', 'a=env:SHORT'], /"a"|key a|bytes/],
    [['rewrap', '--container', 'c', '--retire', 'b', '--new-key', 'a=file:/no/such'], /"a" cannot be used/],
    [['re-encrypt', '--container', 'c', ...KEY], /re-encrypt needs --retire/],
    [['re-encrypt', '--container', 'c', '--plaintext', '--protocol', '3.0', ...KEY], /--protocol is one of/],
    [['census', '--container', 'c', '--concurrency', 'x'], /--concurrency is a number/],
    [['census', '--container', 'c', '--config', '/no/such.mjs'], /cannot be loaded/],
    [['census', '--container', 'c', '--no-such'], /--no-such/],
    [['reindex', '--table', 't'], /search tags need --config/],
    [['census', '--tags', '--table', 't'], /search tags need --config/],
    [['reindex', '--container', 'c', '--config', 'x.mjs'], /reindex is for tables/],
    [['reindex', '--all-containers', '--config', 'x.mjs'], /reindex is for tables/],
    [['re-encrypt', '--foreign', '--container', 'c', ...KEY], /--foreign needs --config, with a module/],
    [['delete-superseded', '--foreign', '--container', 'c', ...KEY], /--foreign is for re-encrypt/],
    [
      ['delete-superseded', '--container', 'c', ...KEY],
      /--retire, --plaintext, --from-protocol or --without-integrity$/m,
    ],
    [['rewrap', '--inventory', 'x-manifest.json', '--retire', 'b', ...KEY], /--inventory is for census/],
    [['census', '--container', 'c', '--inventory-container', 'x'], /--inventory-container applies to an inventory/],
    [['census', '--container', 'c', '--inventory-max-age', '3'], /--inventory-max-age applies to an inventory/],
    [['census', '--inventory', 'x.csv', '--inventory-max-age', 'old'], /--inventory-max-age is a number/],
    [['census', '--queue', 'q', '--message-ttl', 'week'], /--message-ttl is a number/],
    [['census', '--container', 'c', '--message-ttl', '7'], /--message-ttl applies to messages: give --queue/],
    [['status'], /status needs --job/],
    [['census', '--container', `AccountKey=${env.KEY}`], /^--container is the name of a container$/],
    [['census', '--queue', 'letters', '--table', 'sig=a%2Bb'], /^--table is the name of a table$/],
    [['delete-superseded', '--container', 'c', ...KEY], /delete-superseded needs --retire/],
    [['delete-superseded', '--container', 'c', '--retire', 'b'], /delete-superseded needs --new-key/],
    [['delete-superseded', '--table', 't', '--retire', 'b', ...KEY], /delete-superseded is for containers/],
    [['rewrap', '--container', 'c', '--retire', 'b', '--verify', 'seal', ...KEY], /one of wrap, content/],
    [['re-encrypt', '--container', 'c', '--plaintext', '--verify', 'x', ...KEY], /one of seal, read-back, snapshot/],
    [['census', '--container', 'c', '--verify', 'wrap'], /--verify is for rewrap and re-encrypt/],
    [['census', '--container', 'c', '--accept-versions'], /--accept-versions is for/],
    [['rewrap', '--container', 'c', '--retire', 'b', '--to-block', ...KEY], /--to-block is for re-encrypt/],
    [
      ['rewrap', '--container', 'c', '--retire', 'b', '--plaintext', ...KEY],
      /--plaintext is for re-encrypt and delete/,
    ],
    [['census', '--container', 'c', '--from-protocol', '1.0'], /--from-protocol is for re-encrypt and delete/],
    [['rewrap', '--container', 'c', '--retire', 'b', '--without-integrity', ...KEY], /--without-integrity is for/],
    [['rewrap', '--table', 't', '--retire', 'b', '--tags', '--config', 'x.mjs'], /--tags is for census/],
    [['census', '--table', 't', '--encrypt', 't=a'], /--encrypt is for re-encrypt/],
    [
      ['reindex', '--table', 't', '--config', 'x.mjs', '--retire', 'b'],
      /--retire is for census, rewrap, re-encrypt and delete-superseded/,
    ],
    [['rewrap', '--container', 'c', '--retire', 'b', '--protocol', '2.0', ...KEY], /--protocol is for re-encrypt/],
    [
      ['re-encrypt', '--container', 'c', '--plaintext', '--protocol', '2.0', '--config', 'x.mjs'],
      /set it in the module/,
    ],
  ])('%j is rejected', async (args, reason) => {
    expect((await faults(args)).join('\n')).toMatch(reason);
  });

  it.each([
    [['reindex', '--table', 't'], { do: 'reindex' }],
    [['census', '--tags', '--table', 't'], { do: 'census', tags: true }],
    [['re-encrypt', '--foreign', '--container', 'c'], { do: 'reencrypt', when: { foreign: true } }],
  ])('%j, with keys from a module, is the task %j', (args, task) => {
    expect(parseArguments([...args, '--config', 'x.mjs'])).toMatchObject({ task });
  });

  it('is rejected if it names properties of a table that the job does not include', async () => {
    const found = parseArguments(['re-encrypt', '--plaintext', '--table', 't', '--encrypt', 'nosuch=a', ...KEY]);
    const { values } = found as Exclude<typeof found, 'help'>;
    const account = await accountOf({ account: 'clinic' }, {});

    const sources = sourcesOf(await commandPolicy(values, env), account, { values, stateContainer: 's' });

    await expect(sources).rejects.toThrow(/"nosuch", which is not a table of this job/);
  });

  it('prefers --encrypt for a table to the class that a module has for it in another letter case', async () => {
    class Member {
      @Encrypt({ searchable: { lookup: true } })
      ssn = '';
    }
    const found = parseArguments(['re-encrypt', '--plaintext', '--table', 'members', '--encrypt', 'members=a', ...KEY]);
    const { values } = found as Exclude<typeof found, 'help'>;
    const module = { ...(await commandPolicy(values, env)), entities: { Members: Member } };
    const account = await accountOf({ account: 'clinic' }, {});

    const sources = await sourcesOf(module, account, { values, stateContainer: 's' });

    // the class in the module also has a lookup table
    expect(sources.map(({ name }) => name)).toEqual(['members']);
  });

  it('is rejected with all of its problems at once', async () => {
    expect(await faults(['rewrap', '--patience', 'x'])).toHaveLength(4);
  });
});
