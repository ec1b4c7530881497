/** Applications over the emulator, for tests of the module. */
import { type DynamicModule, type LoggerService, Module, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import type { EncryptedStorageModuleOptions, EncryptionOptions } from '../../src/index.js';
import { connectionString } from './azurite.js';
import { testKey } from './blobs.js';

/** Discards all lines. */
export const SILENT: LoggerService = { log: () => undefined, warn: () => undefined, error: () => undefined };

/** What a health check reports on integrity under the default options. */
export const VERIFIED = { blob: 'verify', queue: 'verify', table: 'verify' } as const;

export const optionsOf = (encryption: Partial<EncryptionOptions> = {}): EncryptedStorageModuleOptions => ({
  connection: { connectionString: connectionString() },
  encryption: { protocol: '2.0', keyEncryptionKey: testKey, ...encryption },
});

/** A started application; the test closes it. */
export async function started(...imports: (DynamicModule | Type<unknown>)[]): Promise<TestingModule> {
  const app = await Test.createTestingModule({ imports }).setLogger(SILENT).compile();
  await app.init();
  return app;
}

/** A separate module that imports `imports` and has one provider. */
export function moduleWith(provider: Type<unknown>, ...imports: DynamicModule[]): Type<unknown> {
  @Module({ imports, providers: [provider], exports: [provider] })
  class OneProviderModule {}
  return OneProviderModule;
}

/** Records every line with its level, as the logger of an application would receive it. */
export class CapturingLogger implements LoggerService {
  readonly lines: string[] = [];

  log(message: unknown): void {
    this.lines.push(`log ${String(message)}`);
  }

  warn(message: unknown): void {
    this.lines.push(`warn ${String(message)}`);
  }

  error(message: unknown): void {
    this.lines.push(`error ${String(message)}`);
  }
}
