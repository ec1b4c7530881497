import { type Command, parseCommand } from '../../../src/command/inspect/arguments.js';

const env = { AZURE_STORAGE_CONNECTION_STRING: 'UseDevelopmentStorage=true', CLINIC_KEY: 'a2V5' };
const parsed = (line: string) => parseCommand(line.split(' '), env);
const subjectOf = (line: string) => (parsed(line) as Command).subject;

describe('the command line', () => {
  it.each([
    ['inspect blob scans/2024/a.bin', { kind: 'blob', container: 'scans', blob: '2024/a.bin' }],
    [
      'inspect blob scans/a --snapshot 2024-01-01',
      { kind: 'blob', container: 'scans', blob: 'a', snapshot: '2024-01-01' },
    ],
    ['inspect blob scans/a --version-id 7', { kind: 'blob', container: 'scans', blob: 'a', versionId: '7' }],
    ['inspect queue letters', { kind: 'queue', queue: 'letters', messages: 32 }],
    ['inspect queue letters --messages 1', { kind: 'queue', queue: 'letters', messages: 1 }],
    ['inspect entity patients ward 7', { kind: 'entity', table: 'patients', partitionKey: 'ward', rowKey: '7' }],
  ])('"%s" selects what to inspect', (line, subject) => {
    expect(subjectOf(line)).toEqual(subject);
  });

  it('accepts an account or a connection string, or neither if the environment has one', () => {
    const connectionOf = (line: string) => (parsed(line) as Command).connection;
    expect(connectionOf('inspect queue letters')).toEqual({});
    expect(connectionOf('inspect queue letters --connection-string other')).toEqual({ 'connection-string': 'other' });
    const account = { account: 'clinic', 'endpoint-suffix': 'core.chinacloudapi.cn' };
    expect(connectionOf('inspect queue letters --account clinic --endpoint-suffix core.chinacloudapi.cn')).toEqual(
      account,
    );
  });

  it('reads a sample of nonces unless a number is given', () => {
    expect(parsed('inspect blob a/b')).toMatchObject({ nonces: 16 });
    expect(parsed('inspect blob a/b --nonces 3')).toMatchObject({ nonces: 3 });
    expect(parsed('inspect blob a/b --all-nonces')).toMatchObject({ nonces: 'all' });
  });

  it.each([
    ['--key-base64-env CLINIC_KEY', { base64Env: 'CLINIC_KEY' }],
    ['--key-base64-file key.txt --key-id clinic', { base64File: 'key.txt', keyId: 'clinic' }],
    ['--pem-file key.pem', { pemFile: 'key.pem' }],
    ['--pem-file key.pem --context tenant-7', { pemFile: 'key.pem', context: 'tenant-7' }],
  ])('reads the key from %s', (options, key) => {
    expect(parsed(`inspect blob a/b ${options}`)).toMatchObject({ key });
  });

  it.each(['help', 'version'] as const)('--%s takes precedence over everything else', (asked) => {
    expect(parsed(`inspect nothing --${asked}`)).toBe(asked);
  });

  it.each([
    ['inspect', /use blob/],
    ['list blob a/b', /the command is/],
    ['inspect blob a', /<container>\/<name>/],
    ['inspect blob /b', /<container>\/<name>/],
    ['inspect blob a/b c/d', /<container>\/<name>/],
    ['inspect blob a/b --snapshot 1 --version-id 2', /not both/],
    ['inspect queue', /use blob/],
    ['inspect queue letters --messages 0', /from 1 to 32/],
    ['inspect queue letters --messages 33', /from 1 to 32/],
    ['inspect queue letters --messages 1e1', /from 1 to 32/],
    ['inspect entity patients ward', /use blob/],
    ['inspect blob a/b --nonces 0', /from 1 to 10000/],
    ['inspect blob a/b --nonces 10001', /from 1 to 10000/],
    ['inspect blob a/b --key-id clinic', /--key-id/],
    ['inspect blob a/b --context tenant-7', /--context needs a key/],
    ['inspect blob a/b --config x.mjs --context tenant-7', /--context needs a key/],
    ['inspect blob a/b --config x.mjs --pem-file y', /only one of/],
    ['inspect blob a/b --pem-file key.pem --context=', /--context needs a text/],
    ['inspect blob a/b --key-base64-env MISSING', /MISSING/],
    ['inspect blob a/b --pem-file a --key-base64-file b', /only one/],
    ['inspect queue letters --snapshot 1', /--snapshot is for inspect blob/],
    ['inspect entity patients ward 7 --version-id 1', /--version-id is for inspect blob/],
    ['inspect entity patients ward 7 --all-nonces', /--all-nonces is for inspect blob/],
    ['inspect blob a/b --messages 3', /--messages is for inspect queue/],
    ['inspect blob a/b --secret', /--secret/],
  ])('"%s" is rejected', (line, message) => {
    expect(() => parsed(line)).toThrow(message);
    expect(() => parsed(line)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }) as Error);
  });

  it('reports every problem at once', () => {
    expect(() => parseCommand(['inspect', 'queue', 'letters', '--messages', 'x', '--nonces', 'y'], {})).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/connection-string.*--messages.*--nonces/s) as string,
      }) as Error,
    );
  });
});
