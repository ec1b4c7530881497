import { accountOf } from '../../../src/command/account.js';

const SECRET = 'c2VjcmV0';

describe('the account of a command', () => {
  it.each([
    [{ account: 'clinic' }, 'core.windows.net'],
    [{ account: 'clinic', 'endpoint-suffix': 'core.chinacloudapi.cn' }, 'core.chinacloudapi.cn'],
  ])('%j is reached over https, with credentials', async (values, suffix) => {
    // an environment variable must not redirect what the command line names
    const { blobs, queues, table } = await accountOf(values, { AZURE_STORAGE_CONNECTION_STRING: 'other' });

    expect(new URL(blobs.url).origin).toBe(`https://clinic.blob.${suffix}`);
    expect(new URL(queues.url).origin).toBe(`https://clinic.queue.${suffix}`);
    expect(new URL(table('patients').url).origin).toBe(`https://clinic.table.${suffix}`);
    expect([blobs.accountName, queues.getQueueClient('letters').accountName]).toEqual(['clinic', 'clinic']);
  });

  it.each(['Clinic', 'cl', 'clinic.evil.example/', 'a'.repeat(25)])('"%s" is not an account name', async (account) => {
    await expect(accountOf({ account }, {})).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  });

  it.each([
    [{ account: 'clinic', 'connection-string': 'UseDevelopmentStorage=true' }, /not both/],
    [{ 'connection-string': 'UseDevelopmentStorage=true', 'endpoint-suffix': 'other' }, /--endpoint-suffix needs/],
  ])('%j is ambiguous', async (values, reason) => {
    await expect(accountOf(values, {})).rejects.toThrow(reason);
  });

  it('rejects an account key that is not base64, without quoting it', async () => {
    const given = `DefaultEndpointsProtocol=https;AccountName=clinic;AccountKey=<${SECRET}>;EndpointSuffix=core.windows.net`;

    await expect(accountOf({}, { AZURE_STORAGE_CONNECTION_STRING: given })).rejects.toMatchObject({
      faults: [
        "AccountKey in the connection string must be base64: copy the complete key from the account's access keys",
      ],
    });
  });

  it('does not quote an invalid connection string', async () => {
    const given = accountOf({ 'connection-string': `AccountKey=${SECRET}` }, {});

    await expect(given).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    await expect(given).rejects.not.toMatchObject({ message: expect.stringContaining(SECRET) as string });
  });
});
