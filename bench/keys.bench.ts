/**
 * A page of 1,000 rows whose keys are in a vault that allows 200 requests a second: seconds, and throttled requests.
 */
import {
  Encrypt,
  EncryptedEntity,
  type EncryptionPolicy,
  KeyVaultKeys,
  loadKeyVaultSdk,
} from 'nestjs-azure-encrypted-storage';
import { TableClient } from '@azure/data-tables';
import { InProcessVault } from '../test/support/in-process-vault.js';
import { limitVault } from '../test/support/vault-limit.js';
import { entityEnvelope, tablePage, timeSlice } from './support/internals.js';
import type { Lab, Subject } from './support/lab.js';
import type { Row } from './support/report.js';
import { VAULT_PAGE_MS } from './support/targets.js';

const PAGE = 1000;
const RATE = 200;
const QUICK_PAGE = 100;
const QUICK_RATE = 2000;
/** Rows of a page that are opened at once: the default of the client. */
const PAGE_CONCURRENCY = 32;

@EncryptedEntity({ table: 'vault', clear: '*' })
class Entity {
  partitionKey = 'bench';
  rowKey = '';
  name = '';
}
(Encrypt() as PropertyDecorator)(Entity.prototype, 'name');

type StoredRows = Awaited<ReturnType<typeof entityEnvelope.sealEntity>>[];

export const keys: Subject = {
  name: 'keys',
  run: async (lab) => [
    await paged(lab, { title: 'one policy with requestsPerSecond', policies: 1, isRated: true }),
    await paged(lab, {
      title: 'two policies with requestsPerSecond, half of the rows each',
      policies: 2,
      isRated: true,
    }),
    await paged(lab, { title: 'one policy that goes by the answers 429 alone', policies: 1, isRated: false }),
  ],
};

interface Case {
  readonly title: string;
  readonly policies: number;
  /** Whether the policies know the rate. */
  readonly isRated: boolean;
}

async function paged(lab: Lab, { title, policies, isRated }: Case): Promise<Row> {
  const [size, rate] = lab.isQuick ? [QUICK_PAGE, QUICK_RATE] : [PAGE, RATE];
  // a separate vault for each case, because the pace of a vault persists
  const vault = new InProcessVault(`https://bench${policies}${isRated ? 'r' : ''}.vault.azure.net`);
  vault.rotate('records');
  const options = vault.options('records', isRated ? { requestsPerSecond: rate } : {});
  const contexts = await Promise.all(Array.from({ length: policies }, async () => contextOf(await policyOf(options))));
  const stored = await Promise.all(contexts.map((context) => rowsOf(size / policies, context)));
  const refused = limitVault(vault, rate, () => performance.now());

  process.stderr.write(`keys: ${title}\n`);
  const began = performance.now();
  const read = await Promise.all(contexts.map((context, index) => opened(stored[index]!, context)));
  const milliseconds = performance.now() - began;

  if (read.reduce((sum, count) => sum + count, 0) !== size) throw new Error('Rows got lost');
  return {
    subject: `a page of ${PAGE} rows, keys in a vault that takes ${RATE} requests a second`,
    case: `${title}; ${refused()} refused`,
    protocol: '1.0',
    unit: 'ms',
    encrypted: milliseconds,
    ...(lab.isQuick || !isRated ? {} : { targets: [{ what: 'ms', value: milliseconds, atMost: VAULT_PAGE_MS }] }),
  };
}

async function policyOf(options: ReturnType<InProcessVault['options']>): Promise<EncryptionPolicy> {
  const keyVault = new KeyVaultKeys(options, await loadKeyVaultSdk());
  return { protocol: '2.0', requireEncryption: true, keyVault };
}

const contextOf = (policy: EncryptionPolicy) => ({ policy, account: 'bench', table: 'bench', entityClass: Entity });
type Context = ReturnType<typeof contextOf>;

const rowsOf = (count: number, context: Context): Promise<StoredRows> =>
  Promise.all(
    Array.from({ length: count }, (_, index) =>
      entityEnvelope.sealEntity({ partitionKey: 'bench', rowKey: `${index}`, name: 'Ada' }, context),
    ),
  );

async function opened(rows: StoredRows, context: Context): Promise<number> {
  const sliced = { ...context, slice: new timeSlice.TimeSlice() };
  const table = TableClient.fromConnectionString('UseDevelopmentStorage=true', 'bench');
  const open = (row: StoredRows[number]) => entityEnvelope.openEntity(row, sliced);
  return (await tablePage.openPage(rows, { table, concurrency: PAGE_CONCURRENCY, open })).length;
}
