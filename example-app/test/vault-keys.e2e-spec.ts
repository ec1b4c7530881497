/** The application with its key in a vault: the real clients of Key Vault call an in-process vault. */
import { TableClient } from '@azure/data-tables';
import { VaultKeys } from '../src/keys/vault-keys.js';
import { InProcessVault } from '../../test/support/in-process-vault.js';
import { bytesOf, form, json, scanOf, type TestClinic, testClinic } from './support/clinic.js';

const vault = new InProcessVault();
const firstVersion = vault.rotate('records');
const key = vault.idOf('records');
let clinic: TestClinic;

beforeAll(async () => {
  clinic = await testClinic({ keys: new VaultKeys({ ...vault.options('records'), key, algorithm: 'RSA-OAEP-256' }) });
});
afterAll(() => clinic.close());

const read = async (path: string): Promise<Record<string, unknown>> =>
  (await (await clinic.call(path)).json()) as Record<string, unknown>;
const patientOf = (ward: string): object => ({ partitionKey: ward, rowKey: '1', name: 'Jane Doe', diagnosis: 'flu' });

it('reports which key it encrypts with', async () => {
  expect(await read('/about')).toMatchObject({ keyId: key });
});

it('stores and reads scans, referrals, letters and patients under the current version in the vault', async () => {
  const scan = scanOf(1000);
  const referral = { patient: '17', to: 'cardiology', reason: 'murmur' };
  await clinic.call('/scans', form('first', scan));
  await clinic.call('/letters/jane', json('PUT', { text: 'Dear Jane' }));
  await clinic.call('/referrals', json('POST', referral));
  await clinic.call('/patients', json('POST', patientOf('north')));

  expect(await bytesOf(await clinic.call('/scans/first'))).toEqual(scan);
  expect(await read('/letters/jane')).toEqual({ text: 'Dear Jane' });
  expect(await (await clinic.call('/referrals/next', { method: 'POST' })).json()).toMatchObject(referral);
  expect(await read('/patients/north/1')).toMatchObject({ name: 'Jane Doe' });
  expect((await read('/storage/blobs/scans/first'))['encryptionData']).toMatchObject({
    WrappedContentKey: { KeyId: firstVersion, Algorithm: 'RSA-OAEP-256' },
  });
  // RSA keys wrap in the application
  expect([vault.count('wrapkey'), vault.count('unwrapkey')]).toEqual([0, 4]);
});

it('rejects a row in another ward, although both use the same key', async () => {
  await clinic.call('/patients', json('POST', patientOf('west')));
  const table = TableClient.fromConnectionString(clinic.connectionString, 'patients', {
    allowInsecureConnection: true,
  });
  await table.createEntity({ ...(await table.getEntity('west', '1')), partitionKey: 'south', rowKey: '1' });

  expect(await read('/patients/west/1')).toMatchObject({ name: 'Jane Doe' });
  expect(await read('/patients/south/1')).toMatchObject({ code: 'DECRYPTION_FAILED', status: 500 });
  expect(await read('/patients/south')).toEqual([]);
});

it('shows what "require" rejects', async () => {
  await clinic.call('/patients', json('POST', patientOf('east')));
  const demonstration = '/demonstration/patients/east/1';

  expect((await clinic.call(`${demonstration}/required`)).status).toBe(204);
  expect((await clinic.call(`${demonstration}/replace-as-older-program`, { method: 'POST' })).status).toBe(204);
  expect(await read(`${demonstration}/required`)).toMatchObject({ code: 'INTEGRITY_MISSING' });
  expect(await read('/patients/east/1')).toMatchObject({ name: 'Jane Doe' });
});
