import { Injectable, type Type } from '@nestjs/common';
import { jest } from '@jest/globals';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  EncryptedQueueHandler,
  type EncryptedQueueMessage,
  EncryptedQueueService,
  EncryptedStorageModule,
  type KeyEncryptionKey,
} from 'nestjs-azure-encrypted-storage';
import { uniqueName } from '../support/azurite.js';
import { testKey } from '../support/blobs.js';
import { FlakyKey, PATIENCE, until } from '../support/consumers.js';
import { moduleWith, optionsOf } from '../support/nest.js';

jest.setTimeout(2 * PATIENCE);

const apps: TestingModule[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

const SHORT = { createIfNotExists: true, minPollDelay: 0.02, maxPollDelay: 0.1, minRetryDelay: 0, maxRetryDelay: 0 };
const send = async (app: TestingModule, queue: string, text: string) =>
  app.get(EncryptedQueueService).getQueueClient(queue).sendMessage(text);

describe('the log of a consumer', () => {
  /** The lines that an application with this handler logs at these levels. */
  async function logged(handler: Type<unknown>, keyEncryptionKey: KeyEncryptionKey = testKey) {
    const lines: string[] = [];
    const keep = (line: unknown): unknown => lines.push(String(line));
    const account = EncryptedStorageModule.forRoot(optionsOf({ keyEncryptionKey }));
    const builder = Test.createTestingModule({ imports: [account, moduleWith(handler)] });
    const app = await builder.setLogger({ log: keep, warn: keep, error: keep, debug: keep }).compile();
    apps.push(await app.init());
    lines.splice(0);
    return { app, lines };
  }

  it('names the place of a failure, the poison queue and the key, but no text of messages or errors', async () => {
    const queue = uniqueName('logged');
    @Injectable()
    class Failing {
      @EncryptedQueueHandler(queue, { ...SHORT, maxFailures: 2 })
      handle({ text }: EncryptedQueueMessage): void {
        throw new TypeError(`Cannot handle ${text}\n    at ${text} (${text}:1:1)`);
      }
    }
    const { app, lines } = await logged(Failing);

    await send(app, queue, 'JaneDoe');
    await until(() => lines.some((line) => line.includes('poison queue')));

    const text = lines.join('\n');
    expect(text).toMatch(
      /message \S+, received once, failed and will be delivered again in 0 s: TypeError\n +at (?:Failing\.)?handle/,
    );
    expect(text).toMatch(/received 2 times, is in the poison queue: HANDLER_FAILED, key "test:key": TypeError\n {4}at/);
    expect(text).not.toContain('JaneDoe');
  });

  it('reports the outage of a key and its end once', async () => {
    const queue = uniqueName('outage');
    const key = new FlakyKey();
    @Injectable()
    class Handling {
      @EncryptedQueueHandler(queue, SHORT)
      handle(): void {
        return;
      }
    }
    const { app, lines } = await logged(Handling, key);
    key.isDown = true;

    for (const text of ['a', 'b', 'c']) await send(app, queue, text);
    await until(() => key.asked >= 3);
    key.isDown = false;
    await until(() => lines.filter((line) => line.endsWith('is handled')).length === 3);

    const reported = lines.filter((line) => !line.endsWith('is handled') && !line.includes(' is visible again in '));
    expect(reported).toEqual([
      expect.stringContaining(`Queue "${queue}" waits for key "test:key": KeyUnavailableError KEY_UNAVAILABLE`),
      `Queue "${queue}": key "test:key" is available again`,
    ]);
  });
});
