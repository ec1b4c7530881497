/** A connection string or a token that is passed as a name must not appear in an error, because logs keep errors. */
import { Controller, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  AesKeyEncryptionKey,
  EncryptedQueueHandler,
  EncryptedStorageMaintenanceModule,
  EncryptedStorageModule,
  InjectEncryptedBlobService,
  InjectEncryptedContainer,
  InjectEncryptedQueue,
} from '../../../src/index.js';
import { checkSettings } from '../../../src/nest/options/feature-check.js';
import { containerName, queueName, tableName } from '../../../src/nest/options/resource-names.js';
import { groupFaults, refuse } from '../../../src/option-rules.js';

const KEY = Buffer.alloc(64, 7).toString('base64');
const SECRETS = {
  'a connection string': `DefaultEndpointsProtocol=https;AccountName=clinic;AccountKey=${KEY};EndpointSuffix=core.windows.net`,
  'an account key': KEY,
  'the query of a SAS': `sv=2025-01-05&ss=b&sp=r&sig=${encodeURIComponent(Buffer.alloc(32, 7).toString('base64'))}`,
  'a short SAS': `sig=${'Bwc'.repeat(6)}`,
};
const PARTS = /AccountKey|sig=|Bwc/;

const root = EncryptedStorageModule.forRoot({
  connection: { connectionString: 'UseDevelopmentStorage=true' },
  encryption: {
    protocol: '2.1',
    keyEncryptionKey: AesKeyEncryptionKey.fromBase64('clinic:2026', Buffer.alloc(32, 1).toString('base64')),
  },
});

async function startFault(parts: { imports?: object[]; controllers?: (new (...args: never[]) => object)[] }) {
  @Module({ imports: [root, ...((parts.imports ?? []) as never[])], controllers: parts.controllers ?? [] })
  class AppModule {}
  try {
    const found = await Test.createTestingModule({ imports: [AppModule] }).compile();
    await found.createNestApplication().init();
    return 'nothing was thrown';
  } catch (error) {
    return (error as Error).message;
  }
}

const thrownBy = (call: () => unknown): string => {
  try {
    call();
    return 'nothing was thrown';
  } catch (error) {
    return (error as Error).message;
  }
};

describe.each(Object.entries(SECRETS))('%s instead of a name', (_what, secret) => {
  it.each([containerName, queueName, tableName])('is described, not quoted', (rule) => {
    const faults = rule.faults(secret, 'the.place');

    expect(faults).toEqual([expect.stringMatching(new RegExp(`^"the.place".* a text of ${secret.length} characters`))]);
    expect(faults.join()).not.toMatch(PARTS);
  });

  it.each<[string, () => unknown]>([
    ['a container', () => EncryptedStorageModule.forFeature({ containers: [secret] })],
    ['a queue', () => EncryptedStorageModule.forFeature({ queues: [{ name: secret }] })],
    ['a member of what a factory returns', () => checkSettings({ containers: { [secret]: 'scans' } }, NONE)],
    [
      'a name that a factory returns',
      () => checkSettings({ queues: { letters: secret } }, { ...NONE, queues: ['letters'] }),
    ],
    ['an option', () => EncryptedStorageModule.forRoot({ ...(root as object), [secret]: 1, name: secret } as never)],
    ['an account', () => EncryptedStorageModule.forRoot({ name: secret } as never)],
    [
      'a queue of jobs',
      () =>
        EncryptedStorageMaintenanceModule.forWorker({
          queue: secret,
          account: secret,
          useFactory: () => ({ jobs: [] }),
        }),
    ],
  ])('does not appear in the error for %s', (_place, give) => {
    const message = thrownBy(give);

    expect(message).toMatch(/^Invalid options: /);
    expect(message).not.toMatch(PARTS);
  });

  it('does not appear in the error for a handler', async () => {
    @Controller()
    class Letters {
      @EncryptedQueueHandler(secret, { account: secret })
      handle(): void {}
    }
    const message = await startFault({ controllers: [Letters] });

    expect(message).toMatch(/@EncryptedQueueHandler\(a text of \d+ characters\) of Letters\.handle: /);
    expect(message).not.toMatch(PARTS);
  });

  it.each([
    ['a container', InjectEncryptedContainer(secret)],
    ['a queue', InjectEncryptedQueue(secret, secret)],
    ['an account', InjectEncryptedBlobService(secret)],
  ])('does not appear in what Nest reports if it is injected as %s', async (_place, inject) => {
    @Controller()
    class Letters {
      @inject readonly client!: unknown;
    }
    const message = await startFault({ controllers: [Letters] });

    expect(message).toMatch(/a text of \d+ characters/);
    expect(message).not.toMatch(PARTS);
  });
});

/** 32 bytes, in the form of `openssl rand` and secret stores. */
const RANDOM = Buffer.from('0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0', 'hex').toString(
  'base64url',
);

const NONE = { containers: [], queues: [] };

it.each(['My_Scans', '$logs', 'a', 'a.b', 'ReferralsOfTheWardsOfTheNorthernClinic'])(
  'the name %j is quoted, so that it can be found',
  (name) => {
    expect(queueName.faults(name, 'the.place')[0]).toContain(`cannot be "${name}"`);
    expect(groupFaults({}, { [name]: 1 })[0]).toMatch(`"${name}" is not an option`);
  },
);

it.each([
  ['a container', () => EncryptedStorageModule.forFeature({ containers: [RANDOM] })],
  ['a queue', () => EncryptedStorageModule.forFeature({ queues: [RANDOM] })],
  ['a table', () => EncryptedStorageModule.forFeature({ tables: [{ entity: Object, table: `${RANDOM}-` }] })],
  ['an option', () => refuse(groupFaults({}, { [RANDOM]: 1 }))],
])(
  'a key in base64url does not appear in the error for %s, although its characters are valid in a name',
  (_place, give) => {
    const message = thrownBy(give);

    expect(message).toMatch(/a text of \d+ characters/);
    expect(message).not.toContain(RANDOM);
  },
);

it('accounts may have names with spaces and non-ASCII letters', () => {
  expect(() => EncryptedStorageModule.forFeature({}, 'Klinik Süd')).not.toThrow();
  expect(EncryptedStorageModule.forRootAsync({ name: 'Klinik Süd', useFactory: () => ({}) as never })).toBeDefined();
});

it.each([undefined, null, 5])('a handler of the queue %p causes an error that names the handler', async (name) => {
  @Controller()
  class Letters {
    @EncryptedQueueHandler(name as never)
    handle(): void {}
  }
  expect(await startFault({ controllers: [Letters] })).toContain('@EncryptedQueueHandler(no text) of Letters.handle: ');
});
