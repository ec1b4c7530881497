import { StorageSharedKeyCredential } from '@azure/storage-blob';
import {
  AesKeyEncryptionKey,
  EncryptedStorageModule,
  type EncryptedStorageFeatures,
  type EncryptedStorageModuleOptions,
  InvalidOptionsError,
} from '../../../src/index.js';
import { checkFeatures } from '../../../src/nest/options/feature-check.js';
import { checkOptions } from '../../../src/nest/options/options-check.js';

const key = AesKeyEncryptionKey.generate('one');
const connection = { connectionString: 'UseDevelopmentStorage=true' };
const encryption = { protocol: '2.0', keyEncryptionKey: key };

/** Accepts anything, because JavaScript users can pass anything. */
const faultsOf = (options: unknown): readonly string[] =>
  thrownBy(() => checkOptions(options as EncryptedStorageModuleOptions));

function thrownBy(check: () => void): readonly string[] {
  try {
    check();
    return [];
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error.faults;
    throw error;
  }
}

const withConnection = (given: unknown): unknown => ({ connection: given, encryption });
const withEncryption = (given: unknown): unknown => ({ connection, encryption: given });

describe('options that are instances of a class', () => {
  const mode = 'require';
  class Policy {
    protocol = '2.0';
    keyEncryptionKey = key;
    get integrity(): string {
      return mode;
    }
    allowKey(): boolean {
      return false;
    }
  }
  class Account {
    connection = connection;
    encryption = encryption;
    get table(): object {
      return { encryption: { requireEncryption: false } };
    }
  }
  const unread = (path: string): string =>
    `"${path}" is a method or an accessor of a class, which is not read: make it a property of the object`;

  it('are rejected for each method and accessor that a copy would lose', () => {
    expect(faultsOf(withEncryption(new Policy()))).toEqual([
      unread('encryption.allowKey'),
      unread('encryption.integrity'),
    ]);
    expect(faultsOf({ connection, encryption, table: { encryption: new Policy() } })).toHaveLength(2);
    expect(faultsOf(new Account())).toEqual([unread('table')]);
    expect(thrownBy(() => EncryptedStorageModule.forRoot(new Account() as never))).toEqual([unread('table')]);
  });

  it('are accepted if they have only properties', () => {
    class Plain {
      protocol = '2.0';
      keyEncryptionKey = key;
      allowKey = (): boolean => false;
    }
    expect(faultsOf(withEncryption(new Plain()))).toEqual([]);
  });
});

describe('connections', () => {
  const usable = {
    'a connection string of an account':
      'DefaultEndpointsProtocol=https;AccountName=x;AccountKey=a2V5;EndpointSuffix=core.windows.net',
    'a connection string of the emulator':
      'DefaultEndpointsProtocol=http;AccountName=x;AccountKey=a2V5;TableEndpoint=http://127.0.0.1:1/x;',
    'a connection string with a signature': 'BlobEndpoint=https://x.blob.core.windows.net;SharedAccessSignature=sv=1',
    'the short connection string of the emulator': 'UseDevelopmentStorage=true',
  };
  it.each(Object.entries(usable))('may be %s', (_what, connectionString) => {
    expect(faultsOf(withConnection({ connectionString }))).toEqual([]);
  });

  const broken: [string, RegExp][] = [
    ['', /is empty: set the environment variable/],
    [' \n', /is empty: set the environment variable/],
    ['garbage', /lacks DefaultEndpointsProtocol, AccountName, AccountKey, EndpointSuffix/],
    ['UseDevelopmentStorage=false', /lacks/],
    ['DefaultEndpointsProtocol=https;AccountName=x;EndpointSuffix=core.windows.net', /lacks AccountKey:/],
    ['DefaultEndpointsProtocol=https;AccountName=x;AccountKey=;EndpointSuffix=y', /lacks AccountKey:/],
    ['AccountName=x;AccountKey=c2VjcmV0', /lacks DefaultEndpointsProtocol, EndpointSuffix:/],
    ['BlobEndpoint=https://x.blob.core.windows.net', /lacks/],
    ['SharedAccessSignature=sv=1', /lacks/],
    [
      'DefaultEndpointsProtocol=https;AccountName=x;AccountKey=<c2VjcmV0>;EndpointSuffix=core.windows.net',
      /^AccountKey in "connection.connectionString" must be base64: copy/,
    ],
  ];
  it.each(broken)('report what is wrong with the string %j, without quoting it', (connectionString, expected) => {
    const faults = faultsOf(withConnection({ connectionString }));

    expect(faults).toEqual([expect.stringMatching(expected)]);
    expect(faults.join()).not.toContain('c2VjcmV0');
  });

  const noKeys = ['', '<account-key>', 'c2VjcmV0x', 'c2VjcmV0;EndpointSuffix=y'].map(
    (accountKey) =>
      [accountKey, /^"connection(\.credential)?\.accountKey" must be base64: copy the complete key/] as const,
  );
  it.each(noKeys)('with the account key %j are rejected without quoting it', (accountKey, expected) => {
    const credential = { accountName: 'x', accountKey };
    const faults = [
      ...faultsOf(withConnection(credential)),
      ...faultsOf(withConnection({ blobEndpoint: 'https://x', credential })),
    ];

    expect(faults).toEqual([expect.stringMatching(expected), expect.stringMatching(expected)]);
    expect(faults.join()).not.toContain('c2VjcmV0');
  });

  const token = { getToken: () => Promise.resolve(null) };
  const forms: [string, unknown, RegExp | null][] = [
    ['nothing', undefined, /is missing/],
    ['no form', {}, /has none of/],
    ['an unset variable', { connectionString: undefined }, /^"connection.connectionString" is undefined: check/],
    ['a form next to an unset variable', { connectionString: undefined, blobEndpoint: 'https://x' }, null],
    ['two forms', { ...connection, accountName: 'x', accountKey: 'eQ==' }, /mixes several forms/],
    ['only a name', { accountName: 'x' }, /either "accountKey" or "credential"/],
    ['only a key', { accountKey: 'eQ==' }, /"connection.accountName" is missing/],
    [
      'a name with key and token',
      { accountName: 'x', accountKey: 'eQ==', credential: token },
      /either "accountKey" or/,
    ],
    ['a name with a key', { accountName: 'x', accountKey: 'eQ==' }, null],
    ['a key without padding and with a line break', { accountName: 'x', accountKey: 'eQ\n' }, null],
    ['a name with a token', { accountName: 'x', credential: token }, null],
    ['an endpoint that is not a URL', { blobEndpoint: 'x.blob' }, /"connection.blobEndpoint" must be a URL/],
    ['one endpoint', { queueEndpoint: 'https://x' }, null],
    ['a token over https', { blobEndpoint: 'https://x', credential: token }, null],
    [
      'a token over http',
      { blobEndpoint: 'http://127.0.0.1:10000/x', credential: token },
      /^"connection.blobEndpoint" must begin with https, because a TokenCredential/,
    ],
    [
      'a token over http in capitals',
      { tableEndpoint: ' HTTP://x', credential: token },
      /^"connection.tableEndpoint" must begin with https,/,
    ],
    [
      'a token over http to one of three services',
      { blobEndpoint: 'https://x', queueEndpoint: 'http://x', tableEndpoint: 'https://x', credential: token },
      /^"connection.queueEndpoint" must begin with https,/,
    ],
    [
      'an account key over http',
      { blobEndpoint: 'http://127.0.0.1:10000/x', credential: { accountName: 'x', accountKey: 'eQ==' } },
      null,
    ],
    ['no credential over http', { blobEndpoint: 'http://127.0.0.1:10000/x' }, null],
    ['a client factory', { tableClientFactory: () => null }, null],
    [
      'a shared key object',
      { blobEndpoint: 'https://x', credential: new StorageSharedKeyCredential('x', 'eQ==') },
      /must not be a shared key credential object: give "accountName" and "accountKey"/,
    ],
  ];
  it.each(forms)('with %s are accepted or rejected', (_what, given, expected) => {
    const faults = faultsOf(withConnection(given));

    expect(faults).toEqual(expected === null ? [] : [expect.stringMatching(expected)]);
  });
});

describe('a token', () => {
  it('over http is rejected for every endpoint at once', () => {
    const http = 'http://127.0.0.1/x';
    const credential = { getToken: () => Promise.resolve(null) };

    expect(
      faultsOf(withConnection({ blobEndpoint: http, queueEndpoint: http, tableEndpoint: http, credential })),
    ).toEqual(
      ['blob', 'queue', 'table'].map((kind): unknown => expect.stringContaining(`"connection.${kind}Endpoint" must`)),
    );
  });
});

describe('encryption', () => {
  const broken = { wrapKey: () => Promise.reject(new Error('no')), unwrapKey: () => Promise.reject(new Error('no')) };
  const region = /from 16 to 1073741824 bytes/;
  const only21 = /can be chosen in protocol "2.1" only/;
  const own: [string, unknown, RegExp | null][] = [
    [
      'no protocol',
      { keyEncryptionKey: key },
      /"encryption.protocol" has no default: choose one of "1.0", "2.0", "2.1"/,
    ],
    ['an unknown protocol', { ...encryption, protocol: '3.0' }, /must be one of/],
    ['a number as the protocol', { ...encryption, protocol: 2 }, /must be one of/],
    ['a region below the minimum', { ...encryption, protocol: '2.1', regionLength: 15 }, region],
    ['the smallest region', { ...encryption, protocol: '2.1', regionLength: 16 }, null],
    ['the largest region', { ...encryption, protocol: '2.1', regionLength: 2 ** 30 }, null],
    ['a region above the maximum', { ...encryption, protocol: '2.1', regionLength: 2 ** 30 + 1 }, region],
    ['half a byte', { ...encryption, protocol: '2.1', regionLength: 16.5 }, region],
    ['a region in 2.0', { ...encryption, regionLength: 16 }, only21],
    ['a region in 1.0', { ...encryption, protocol: '1.0', regionLength: 16 }, only21],
    ['no key at all', { protocol: '2.0' }, /has no key/],
    ['only an empty list of keys', { protocol: '2.0', keyResolver: [] }, /has no key/],
    ['only a resolver', { protocol: '2.0', keyResolver: () => null }, null],
    ['a function that picks the key', { protocol: '2.0', keyEncryptionKey: () => key }, null],
    ['a string as the key', { protocol: '2.0', keyEncryptionKey: 'secret' }, /must be a key with keyId/],
    ['a string as the resolver', { protocol: '2.0', keyResolver: 'one' }, /must be a function .*or a list of keys/],
    ['the same key id twice', { ...encryption, keyResolver: [key, key] }, /two keys with the id "one"/],
    ['a list as allowKey', { ...encryption, allowKey: ['one'] }, /"encryption.allowKey" must be a function/],
    ['a concurrency of zero', { ...encryption, keyConcurrency: 0 }, /"encryption.keyConcurrency" .* from 1 to 1000/],
    ['the maximum concurrency', { ...encryption, keyConcurrency: 1000 }, null],
    ['more than the maximum concurrency', { ...encryption, keyConcurrency: 1001 }, /from 1 to 1000/],
    ['no cache', { ...encryption, unwrapCache: false }, null],
    ['the defaults of the cache', { ...encryption, unwrapCache: {} }, null],
    ['a cache for a day', { ...encryption, unwrapCache: { max: 100_000, ttl: 86_400_000 } }, null],
    ['a cache for longer', { ...encryption, unwrapCache: { ttl: 86_400_001 } }, /unwrapCache.ttl" .* to 86400000/],
    ['a cache of nothing', { ...encryption, unwrapCache: { max: 0 } }, /unwrapCache.max" .* from 1 to 100000/],
    ['a cache that is true', { ...encryption, unwrapCache: true }, /unwrapCache" must be false, or an object/],
    ['a string as requireEncryption', { ...encryption, requireEncryption: 'false' }, /must be true or false/],
  ];
  it.each(own)('with %s is accepted or rejected', (_what, given, expected) => {
    expect(faultsOf(withEncryption(given))).toEqual(expected === null ? [] : [expect.stringMatching(expected)]);
  });

  it('accepts a list with keys of 100,000 tenants, and finds the one that is listed twice', () => {
    const keys = Array.from({ length: 100_000 }, (_, index) => ({ ...broken, keyId: `tenant-${index}` }));

    const faults = faultsOf(withEncryption({ protocol: '2.0', keyResolver: [...keys, keys[4711]] }));

    expect(faults).toEqual(['"encryption.keyResolver" has two keys with the id "tenant-4711"']);
  });

  it('of one service may omit anything, and is checked together with what it inherits', () => {
    const of = (protocol: string, blob: unknown): readonly string[] =>
      faultsOf({ connection, encryption: { ...encryption, protocol }, blob: { encryption: blob } });

    expect(of('2.0', {})).toEqual([]);
    expect(of('2.1', { regionLength: 16 })).toEqual([]);
    expect(of('2.0', { protocol: '2.1', regionLength: 16 })).toEqual([]);
    expect(of('2.0', { regionLength: 16 })).toEqual([expect.stringMatching(/"blob.encryption.regionLength" can be/)]);
    expect(of('2.1', { protocol: '1.0', regionLength: 16 })).toEqual([expect.stringMatching(only21)]);
  });

  it('reports all faults in one error, and never a value that may be secret', () => {
    const faults = faultsOf({
      connection: { connectionString: 'AccountKey=c2VjcmV0' },
      encryption: { keyEncryptionKey: 'c2VjcmV0' },
      blob: { encryption: { protocol: 'x' } },
      queue: { messageEncoding: 'utf-7' },
    });

    expect(faults).toHaveLength(5);
    expect(faults.join()).not.toContain('c2VjcmV0');
  });
});

describe('worker threads', () => {
  it.each([[-1], [1.5], [65], ['2'], [null]])('cannot be %j', (workers) => {
    expect(faultsOf({ connection, encryption, blob: { workers } })).toEqual([
      '"blob.workers" must be a whole number from 0 to 64',
    ]);
  });

  it.each([[0], [1], [64], [undefined]])('may be %j', (workers) => {
    expect(faultsOf({ connection, encryption, blob: { workers } })).toEqual([]);
  });
});

describe('handlers', () => {
  it.each(['queue', 'table'])('of %s must be functions', (kind) => {
    const withHandler = (onDecryptionFailed: unknown) =>
      faultsOf({ connection, encryption, [kind]: { onDecryptionFailed } });

    expect(withHandler('log')).toEqual([`"${kind}.onDecryptionFailed" must be a function`]);
    expect(withHandler(() => undefined)).toEqual([]);
  });
});

describe('a misspelt name', () => {
  const misspelt: [path: string, options: object][] = [
    ['blobs', { blobs: {} }],
    ['connection.endpointSufix', { connection: { ...connection, endpointSufix: 'x' } }],
    ['encryption.allowKy', { encryption: { ...encryption, allowKy: () => false } }],
    ['encryption.requireEncrption', { encryption: { ...encryption, requireEncrption: true } }],
    ['encryption.unwrapCache.maxx', { encryption: { ...encryption, unwrapCache: { maxx: 1 } } }],
    ['blob.worker', { blob: { worker: 2 } }],
    ['blob.encryption.protocl', { blob: { encryption: { protocl: '1.0' } } }],
    ['queue.encoding', { queue: { encoding: 'xml' } }],
    ['table.onFailed', { table: { onFailed: () => undefined } }],
  ];
  it.each(misspelt)('"%s" causes an error that names the valid ones', (path, options) => {
    expect(faultsOf({ connection, encryption, ...options })).toEqual([
      expect.stringMatching(new RegExp(`^"${path}" is not an option: the options are \\w+, \\w+`)),
    ]);
  });

  it('in forFeature causes an error too', () => {
    const misspeltFeature = { container: ['scans'], encryption: { allowKy: () => false } };

    expect(thrownBy(() => checkFeatures(misspeltFeature as EncryptedStorageFeatures))).toEqual([
      '"container" is not an option: the options are encryption, containers, queues, tables',
      expect.stringMatching(/^"encryption.allowKy" is not an option/),
    ]);
  });

  it('with the value undefined is ignored, like any member', () => {
    expect(faultsOf({ connection, encryption: { ...encryption, allowKy: undefined } })).toEqual([]);
  });

  it.each(['name', 'isGlobal'])('is not reported for %s, which belongs next to a factory', (name) => {
    expect(faultsOf({ connection, encryption, [name]: 'eu' })).toEqual([
      `"${name}" must be given next to the factory of forRootAsync, not returned by it`,
    ]);
  });
});
