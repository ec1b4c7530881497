/** What a health check reports on a key in a vault. */
import type { TestingModule } from '@nestjs/testing';
import {
  EncryptedStorageHealthIndicator,
  EncryptedStorageModule,
  type EncryptionOptions,
} from 'nestjs-azure-encrypted-storage';
import { PATIENCE, until } from '../support/consumers.js';
import { InProcessVault, refusal } from '../support/in-process-vault.js';
import { optionsOf, started, VERIFIED } from '../support/nest.js';

let app: TestingModule | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

async function indicatorFor(encryption: EncryptionOptions): Promise<EncryptedStorageHealthIndicator> {
  app = await started(EncryptedStorageModule.forRoot({ ...optionsOf(), encryption }));
  return app.get(EncryptedStorageHealthIndicator);
}

describe('the check of a key in a vault', () => {
  const asked = { checks: ['key'], maxAge: 0, timeout: PATIENCE } as const;
  async function inVault() {
    const vault = new InProcessVault();
    const keyId = vault.rotate('records');
    const encryption = { protocol: '2.0', keyVault: vault.options('records') } as const;
    return { vault, keyId, indicator: await indicatorFor(encryption) };
  }

  it('wraps with the writing version and unwraps in the vault, every time, but once for all services', async () => {
    const { vault, keyId, indicator } = await inVault();

    for (let probe = 0; probe < 2; probe += 1) {
      expect(await indicator.isHealthy('s', asked)).toEqual({ s: { status: 'up', integrity: VERIFIED } });
    }

    expect(vault.count('unwrapkey')).toBe(2);
    expect(vault.requests.find(({ operation }) => operation === 'unwrapkey')?.version).toBe(keyId.slice(-32));
  });

  it('is part of a probe without named checks', async () => {
    const { vault, indicator } = await inVault();

    expect(await indicator.isHealthy('s', { timeout: PATIENCE })).toEqual({ s: { status: 'up', integrity: VERIFIED } });
    expect(vault.count('unwrapkey')).toBe(1);
  });

  it.each<[string, (vault: InProcessVault, keyId: string) => void, string]>([
    ['access is denied', (vault) => (vault.fault = () => refusal(403, 'Forbidden')), 'KEY_ACCESS_DENIED'],
    ['the version is disabled', (vault, keyId) => vault.disable(keyId), 'KEY_DISABLED'],
    ['the key is deleted', (vault) => vault.delete('records'), 'KEY_DELETED'],
    ['the vault fails', (vault) => (vault.fault = () => refusal(409, 'Conflict')), 'KEY_UNAVAILABLE'],
    ['no token is available', (vault) => (vault.fault = () => refusal(401, 'Unauthorized')), 'KEY_ACCESS_DENIED'],
  ])(
    'is down immediately with the code and the key id when %s, and up again afterwards',
    async (_what, change, code) => {
      const { vault, keyId, indicator } = await inVault();
      const isDisabled = code === 'KEY_DISABLED';
      expect((await indicator.isHealthy('s', asked)).s.status).toBe('up');

      change(vault, keyId);
      expect(await indicator.isHealthy('s', asked)).toEqual({
        s: { status: 'down', message: `key: ${code} ${JSON.stringify(keyId)}`, integrity: VERIFIED },
      });

      vault.fault = () => undefined;
      if (isDisabled) vault.disable(keyId, true);
      if (code === 'KEY_DELETED') return;
      // the last answer of the vault is cached for a second
      await until(async () => (await indicator.isHealthy('s', asked)).s.status === 'up');
    },
  );

  it('is up with a warning from the first probe if the newest version is disabled, so an older one writes', async () => {
    const { vault, keyId: older, indicator } = await inVault();
    const newest = vault.rotate('records');
    expect(await indicator.isHealthy('s', asked)).toEqual({ s: { status: 'up', integrity: VERIFIED } });

    vault.disable(newest);
    const warned = {
      status: 'up',
      message: `key ${JSON.stringify(newest)} is the newest version and disabled, so an older one writes: enable it, or rotate the key`,
      integrity: VERIFIED,
    };
    expect(await indicator.isHealthy('s', asked)).toEqual({ s: warned });
    expect(await indicator.isHealthy('s', asked)).toEqual({ s: warned });
    expect(vault.requests.at(-1)).toEqual({ operation: 'unwrapkey', name: 'records', version: older.slice(-32) });
  });

  it('is down if the vault is unavailable from the start', async () => {
    const { vault, indicator } = await inVault();
    vault.fault = () => refusal(403, 'Forbidden');

    expect(await indicator.isHealthy('s', asked)).toEqual({
      s: {
        status: 'down',
        message: `key: KEY_ACCESS_DENIED ${JSON.stringify(vault.idOf('records'))}`,
        integrity: VERIFIED,
      },
    });
  });

  it('is skipped if the vault is only used for reads', async () => {
    const vault = new InProcessVault();
    const { key, ...reading } = vault.options('records', { alsoRead: [vault.idOf('records')] });
    const indicator = await indicatorFor({ protocol: '2.0', keyVault: reading });

    expect(key).toBeDefined();
    expect(await indicator.isHealthy('s', { timeout: PATIENCE })).toEqual({ s: { status: 'up', integrity: VERIFIED } });
    expect(vault.requests).toEqual([]);
  });
});
