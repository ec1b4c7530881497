/** What `app.get()` and `moduleRef.get(..., { strict: false })` return if features have policies. */
import { Injectable, Module, type Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import {
  AesKeyEncryptionKey,
  EncryptedBlobService,
  EncryptedQueueService,
  EncryptedStorageHealthIndicator,
  EncryptedStorageModule,
  EncryptedTableService,
  getEncryptedBlobServiceToken,
  getEncryptedQueueServiceToken,
  getEncryptedStorageHealthIndicatorToken,
  getEncryptedTableServiceToken,
  InjectEncryptedBlobService,
} from 'nestjs-azure-encrypted-storage';
import { optionsOf, started } from '../support/nest.js';

const encryption = { protocol: '1.0' as const, keyEncryptionKey: AesKeyEncryptionKey.generate('of:feature') };

@Injectable()
class Letters {
  /** Looks up the service while modules are still being created. */
  readonly early: EncryptedBlobService;

  constructor(
    readonly blobs: EncryptedBlobService,
    @InjectEncryptedBlobService() readonly byToken: EncryptedBlobService,
    readonly moduleRef: ModuleRef,
  ) {
    this.early = moduleRef.get(EncryptedBlobService, { strict: false });
  }
}

const lettersModule = (): Type<unknown> => {
  @Module({ imports: [EncryptedStorageModule.forFeature({ encryption })], providers: [Letters] })
  class LettersModule {}
  return LettersModule;
};
const invoicesModule = (): Type<unknown> => {
  @Module({ imports: [EncryptedStorageModule.forFeatureAsync({ useFactory: () => ({ encryption }) })] })
  class InvoicesModule {}
  return InvoicesModule;
};

@Injectable()
class AtTheRoot {
  constructor(
    readonly blobs: EncryptedBlobService,
    readonly queues: EncryptedQueueService,
    readonly tables: EncryptedTableService,
    readonly health: EncryptedStorageHealthIndicator,
  ) {}
}

@Module({ providers: [AtTheRoot], exports: [AtTheRoot] })
class RootUserModule {}

const root = () => EncryptedStorageModule.forRoot(optionsOf());

describe('services looked up in the entire application', () => {
  const orders = {
    'the root first': () => [root(), lettersModule(), invoicesModule(), RootUserModule],
    'the root last': () => [RootUserModule, invoicesModule(), lettersModule(), root()],
    'the root between features': () => [lettersModule(), root(), RootUserModule, invoicesModule()],
    'two identical features': () => [root(), RootUserModule, lettersModule(), lettersModule()],
  };
  it.each(Object.entries(orders))('are those of the root, with %s', async (_order, imports) => {
    const app = await started(...imports());
    const injected = app.get(AtTheRoot, { strict: false });
    const letters = app.get(Letters, { strict: false });

    const looked = (token: Parameters<typeof app.get>[0]): unknown[] => [
      app.get(token, { strict: false }),
      letters.moduleRef.get(token, { strict: false }),
    ];

    for (const token of [EncryptedBlobService, getEncryptedBlobServiceToken()]) {
      for (const found of looked(token)) expect(found).toBe(injected.blobs);
    }
    for (const token of [EncryptedQueueService, getEncryptedQueueServiceToken()]) {
      for (const found of looked(token)) expect(found).toBe(injected.queues);
    }
    for (const token of [EncryptedTableService, getEncryptedTableServiceToken()]) {
      for (const found of looked(token)) expect(found).toBe(injected.tables);
    }
    for (const token of [EncryptedStorageHealthIndicator, getEncryptedStorageHealthIndicatorToken()]) {
      for (const found of looked(token)) expect(found).toBe(injected.health);
    }
    await app.close();
  });

  it('are those of the root even while modules are being created', async () => {
    const app = await started(lettersModule(), root(), RootUserModule);

    expect(app.get(Letters, { strict: false }).early).toBeInstanceOf(EncryptedBlobService);
    expect(app.get(Letters, { strict: false }).early).toBe(app.get(AtTheRoot, { strict: false }).blobs);
    await app.close();
  });

  it('do not replace those injected by the module of a feature', async () => {
    const app = await started(root(), lettersModule(), RootUserModule);
    const { blobs, byToken } = app.get(Letters, { strict: false });

    expect(blobs).toBeInstanceOf(EncryptedBlobService);
    expect(byToken).toBe(blobs);
    expect(blobs).not.toBe(app.get(AtTheRoot, { strict: false }).blobs);
    await app.close();
  });

  it('are distinguished by account', async () => {
    const app = await started(
      root(),
      EncryptedStorageModule.forRoot({ ...optionsOf(), name: 'archive' }),
      EncryptedStorageModule.forFeature({ encryption }, 'archive'),
    );
    const archive = app.get<EncryptedBlobService>(getEncryptedBlobServiceToken('archive'));

    expect(archive).not.toBe(app.get(EncryptedBlobService));
    await app.close();
  });
});
