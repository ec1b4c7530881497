/** The indicator as Terminus calls it, over HTTP: Terminus 12 here, 11 when the suite runs on an older Nest. */
import { createServer, type AddressInfo } from 'node:net';
import { Controller, Get, Inject, type INestApplication, type LoggerService, Module } from '@nestjs/common';
import { HealthCheck, type HealthCheckResult, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import {
  AesKeyEncryptionKey,
  EncryptedStorageHealthIndicator,
  EncryptedStorageModule,
  type EncryptedStorageModuleOptions,
  getEncryptedStorageHealthIndicatorToken,
  InjectEncryptedStorageHealthIndicator,
  type KeyEncryptionKey,
  type StorageHealthOptions,
} from 'nestjs-azure-encrypted-storage';
import { testKey } from '../support/blobs.js';
import { PATIENCE } from '../support/consumers.js';
import { CapturingLogger, optionsOf, SILENT, started, VERIFIED } from '../support/nest.js';

let app: INestApplication | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

interface Answer {
  readonly status: number;
  readonly body: HealthCheckResult;
}

/** An application with a health endpoint, listening on a free port; each call of the result sends one probe. */
async function probeOf(
  options: EncryptedStorageModuleOptions,
  asked?: StorageHealthOptions,
  logger: LoggerService = SILENT,
): Promise<() => Promise<Answer>> {
  @Controller('health')
  class HealthController {
    constructor(
      @Inject(HealthCheckService) private readonly health: HealthCheckService,
      @Inject(EncryptedStorageHealthIndicator) private readonly storage: EncryptedStorageHealthIndicator,
    ) {}

    @Get()
    @HealthCheck()
    check(): Promise<HealthCheckResult> {
      return this.health.check([() => this.storage.isHealthy('storage', { timeout: PATIENCE, ...asked })]);
    }
  }
  @Module({
    imports: [EncryptedStorageModule.forRoot(options), TerminusModule.forRoot({ logger: false })],
    controllers: [HealthController],
  })
  class HealthModule {}
  const module = await Test.createTestingModule({ imports: [HealthModule] })
    .setLogger(logger)
    .compile();
  const application = module.createNestApplication();
  app = application;
  await application.listen(0, '127.0.0.1');
  return async () => {
    const response = await fetch(`${await application.getUrl()}/health`);
    return { status: response.status, body: (await response.json()) as HealthCheckResult };
  };
}

/** An address with no listener. */
async function refusingUrl(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}/nobody`;
}

const ACCOUNT = { accountName: 'nobody', accountKey: 'bm9ib2R5' };
const refusedOptions = async (): Promise<EncryptedStorageModuleOptions> => {
  const url = await refusingUrl();
  const clientOptions = { retryOptions: { maxTries: 1, maxRetries: 0 } };
  return {
    ...optionsOf(),
    connection: { blobEndpoint: url, queueEndpoint: url, tableEndpoint: url, credential: ACCOUNT },
    blob: { clientOptions },
    queue: { clientOptions },
    table: { clientOptions },
  };
};

interface CountingKey extends KeyEncryptionKey {
  wraps: number;
  unwraps: number;
}

function countingKey(more: Partial<KeyEncryptionKey> = {}): CountingKey {
  const key = AesKeyEncryptionKey.generate('counted');
  const counting: CountingKey = {
    keyId: 'counted',
    wraps: 0,
    unwraps: 0,
    wrapKey: (bytes) => {
      counting.wraps += 1;
      return key.wrapKey(bytes);
    },
    unwrapKey: (bytes, algorithm) => {
      counting.unwraps += 1;
      return key.unwrapKey(bytes, algorithm);
    },
    ...more,
  };
  return counting;
}

const indicatorOf = async (options: EncryptedStorageModuleOptions): Promise<EncryptedStorageHealthIndicator> => {
  const module = await started(EncryptedStorageModule.forRoot(options));
  return module.get(EncryptedStorageHealthIndicator);
};

describe('a health endpoint', () => {
  it('is up if the emulator answers and the key wraps', async () => {
    const probe = await probeOf(optionsOf());

    const { status, body } = await probe();

    expect(status).toBe(200);
    expect(body.info).toEqual({ storage: { status: 'up', integrity: VERIFIED } });
  });

  it('names the integrity mode of each service', async () => {
    const table = { encryption: { integrity: 'require' } } as const;

    const { body } = await (await probeOf({ ...optionsOf({ integrity: 'off' }), table }))();

    expect(body.info?.['storage']?.['integrity']).toEqual({ blob: 'off', queue: 'off', table: 'require' });
  });

  it('is down if nothing listens, and names the services', async () => {
    const probe = await probeOf(await refusedOptions());

    const { status, body } = await probe();

    expect(status).toBe(503);
    expect(body.error).toEqual({
      storage: {
        status: 'down',
        message: 'blob: ECONNREFUSED; queue: ECONNREFUSED; table: ECONNREFUSED',
        integrity: VERIFIED,
      },
    });
  });

  it('is down if the account key is wrong', async () => {
    const { connection } = optionsOf() as { connection: { connectionString: string } };
    const connectionString = connection.connectionString.replace(/AccountKey=[^;]+/, 'AccountKey=d3Jvbmc=');
    const probe = await probeOf({ ...optionsOf(), connection: { connectionString } });

    const { status, body } = await probe();

    expect(status).toBe(503);
    expect(body.error?.['storage']?.['message']).toMatch(/^blob: \w+ 403; queue: \w+ 403; table: \w+ 403$/);
  });

  it('is down if the key fails, names its id, and logs the failure once', async () => {
    const secret = 'do not print me';
    const keyEncryptionKey = countingKey({ wrapKey: () => Promise.reject(new Error(secret)) });
    const logger = new CapturingLogger();
    const probe = await probeOf(optionsOf({ keyEncryptionKey }), { maxAge: 0 }, logger);

    const { status, body } = await probe();
    await probe();

    expect(status).toBe(503);
    expect(body.error).toEqual({
      storage: { status: 'down', message: 'key: KEY_WRAP_FAILED "counted"', integrity: VERIFIED },
    });
    expect(logger.lines.filter((line) => line.startsWith('warn'))).toEqual([
      'warn key: Key "counted" could not wrap the content key: check the key and its permissions',
    ]);
    expect(JSON.stringify([body, logger.lines])).not.toContain(secret);
  });
});

describe('the check of the key', () => {
  it.each([
    ['unwraps to other bytes', { unwrapKey: async () => new Uint8Array(32) }, 'KEY_UNWRAP_FAILED "counted"'],
    ['refuses to unwrap', { unwrapKey: () => Promise.reject(new Error('no')) }, 'KEY_UNWRAP_FAILED "counted"'],
    ['never answers', { wrapKey: () => new Promise<never>(() => undefined) }, 'no answer in 50 ms'],
  ])('detects a key that %s', async (_what, more, message) => {
    const indicator = await indicatorOf(optionsOf({ keyEncryptionKey: countingKey(more) }));

    const result = await indicator.isHealthy('s', { checks: ['key'], timeout: 50 });

    expect(result.s).toMatchObject({ status: 'down', message: `key: ${message}` });
  });

  it('aborts a call that takes too long', async () => {
    const aborted = new Promise((resolve) => {
      const wrapKey: KeyEncryptionKey['wrapKey'] = (_bytes, options) =>
        new Promise(() => options?.abortSignal?.addEventListener('abort', resolve));
      void indicatorOf(optionsOf({ keyEncryptionKey: countingKey({ wrapKey }) })).then((indicator) =>
        indicator.isHealthy('s', { checks: ['key'], timeout: 20 }),
      );
    });

    await expect(aborted).resolves.toBeDefined();
  });

  it('only wraps if the key cannot unwrap', async () => {
    const publicKey = countingKey({ canUnwrap: false, unwrapKey: () => Promise.reject(new Error('public')) });
    const indicator = await indicatorOf(optionsOf({ keyEncryptionKey: publicKey }));

    expect(await indicator.isHealthy('s', { checks: ['key'], timeout: PATIENCE })).toMatchObject({
      s: { status: 'up' },
    });
    expect(publicKey.wraps).toBe(1);
  });

  it('asks a key function for the key of the given target, and reports a missing target', async () => {
    const keyEncryptionKey = countingKey();
    const asked: unknown[] = [];
    const indicator = await indicatorOf(
      optionsOf({
        keyEncryptionKey: (target) => {
          asked.push(target);
          return keyEncryptionKey;
        },
      }),
    );
    const keyTarget = { kind: 'queue', account: 'a', queue: 'q' } as const;

    expect(await indicator.isHealthy('s', { checks: ['key'], timeout: PATIENCE, keyTarget })).toEqual({
      s: { status: 'up', integrity: VERIFIED },
    });
    expect(asked).toEqual([keyTarget]);
    expect(await indicator.isHealthy('s', { timeout: PATIENCE })).toEqual({
      s: {
        status: 'up',
        message: 'keys that a function chooses were not checked: set "keyTarget"',
        integrity: VERIFIED,
      },
    });
    expect(await indicator.isHealthy('s', { checks: ['key'], timeout: PATIENCE })).toEqual({
      s: { status: 'down', message: 'key: INVALID_OPTIONS', integrity: VERIFIED },
    });
  });

  it('is skipped without a key to write with, and fails if requested anyway', async () => {
    const indicator = await indicatorOf({ ...optionsOf(), encryption: { protocol: '2.0', keyResolver: [testKey] } });

    expect(await indicator.isHealthy('s', { timeout: PATIENCE })).toEqual({ s: { status: 'up', integrity: VERIFIED } });
    expect(await indicator.isHealthy('s', { checks: ['key'], timeout: PATIENCE })).toEqual({
      s: { status: 'down', message: 'key: KEY_MISSING', integrity: VERIFIED },
    });
  });

  it('uses each key that writes once', async () => {
    const [shared, tables] = [countingKey(), countingKey()];
    const options = { ...optionsOf({ keyEncryptionKey: shared }), table: { encryption: { keyEncryptionKey: tables } } };
    const indicator = await indicatorOf(options);

    await indicator.isHealthy('s', { checks: ['key'], timeout: PATIENCE });

    expect([shared.wraps, shared.unwraps, tables.wraps, tables.unwraps]).toEqual([1, 1, 1, 1]);
  });
});

describe('probes', () => {
  it('share one check if concurrent, and reuse its outcome later', async () => {
    const keyEncryptionKey = countingKey();
    const indicator = await indicatorOf(optionsOf({ keyEncryptionKey }));

    await Promise.all(
      Array.from({ length: 20 }, () =>
        indicator.isHealthy('s', { checks: ['key'], timeout: PATIENCE, maxAge: 60_000 }),
      ),
    );
    await indicator.isHealthy('another name', { checks: ['key', 'key'] });

    expect([keyEncryptionKey.wraps, keyEncryptionKey.unwraps]).toEqual([1, 1]);
  });

  it('share a failure too, and check again once it has expired', async () => {
    let fails = true;
    const inner = AesKeyEncryptionKey.generate('counted');
    let calls = 0;
    const keyEncryptionKey = countingKey({
      wrapKey: (bytes) => {
        calls += 1;
        return fails ? Promise.reject(new Error('down')) : inner.wrapKey(bytes);
      },
      unwrapKey: (bytes, algorithm) => inner.unwrapKey(bytes, algorithm),
    });
    const indicator = await indicatorOf(optionsOf({ keyEncryptionKey }));
    const statusWith = async (maxAge: number) =>
      (await indicator.isHealthy('s', { checks: ['key'], timeout: PATIENCE, maxAge })).s.status;

    const first = [await statusWith(60_000), await statusWith(60_000), calls];
    const other = await indicatorOf(optionsOf({ keyEncryptionKey }));
    const downAgain = (await other.isHealthy('s', { checks: ['key'], timeout: PATIENCE, maxAge: 0 })).s.status;
    fails = false;
    const recovered = (await other.isHealthy('s', { checks: ['key'], timeout: PATIENCE, maxAge: 0 })).s.status;

    expect(first).toEqual(['down', 'down', 1]);
    expect([downAgain, recovered]).toEqual(['down', 'up']);
  });
});

describe('an indicator', () => {
  it('is injected for a named account, and in a feature for its own policy', async () => {
    const [root, feature] = [countingKey(), countingKey()];
    class Ward {
      constructor(
        @InjectEncryptedStorageHealthIndicator('eu') readonly eu: EncryptedStorageHealthIndicator,
        @Inject(EncryptedStorageHealthIndicator) readonly own: EncryptedStorageHealthIndicator,
      ) {}
    }
    @Module({
      imports: [EncryptedStorageModule.forFeature({ encryption: { keyEncryptionKey: feature } })],
      providers: [Ward],
    })
    class WardModule {}
    const module = await started(
      EncryptedStorageModule.forRoot(optionsOf()),
      EncryptedStorageModule.forRoot({ ...optionsOf({ keyEncryptionKey: root }), name: 'eu' }),
      WardModule,
    );
    const ward = module.get(Ward, { strict: false });

    await ward.own.isHealthy('s', { checks: ['key'], timeout: PATIENCE });
    const before = [root.wraps, feature.wraps];
    await ward.eu.isHealthy('s', { checks: ['key'], timeout: PATIENCE });

    expect([before, root.wraps, feature.wraps]).toEqual([[0, 1], 1, 1]);
    expect(module.get(getEncryptedStorageHealthIndicatorToken('eu'))).toBe(ward.eu);
  });

  it('checks what the connection names by default', async () => {
    const { connection } = await refusedOptions();
    const { blobEndpoint } = connection as { blobEndpoint: string };
    const clientOptions = { retryOptions: { maxTries: 1 } };
    const indicator = await indicatorOf({
      ...optionsOf(),
      connection: { blobEndpoint, credential: ACCOUNT },
      blob: { clientOptions },
    });

    expect((await indicator.isHealthy('s', { timeout: PATIENCE })).s.message).toBe('blob: ECONNREFUSED');
    expect((await indicator.isHealthy('s', { checks: ['queue'] })).s.message).toBe('queue: INVALID_OPTIONS');
  });
});
