import { type DynamicModule, Injectable, Module, Scope, type Type } from '@nestjs/common';
import { jest } from '@jest/globals';
import { LazyModuleLoader } from '@nestjs/core';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  AesKeyEncryptionKey,
  EncryptedQueueConsumers,
  EncryptedQueueHandler,
  type EncryptedQueueHandlerOptions,
  type EncryptedQueueMessage,
  EncryptedQueueService,
  EncryptedStorageModule,
  getEncryptedQueueServiceToken,
} from 'nestjs-azure-encrypted-storage';
import { uniqueName } from '../support/azurite.js';
import { PATIENCE, plainQueue, size, until, visibleTexts } from '../support/consumers.js';
import { CapturingLogger, moduleWith, optionsOf, SILENT, started } from '../support/nest.js';

jest.setTimeout(2 * PATIENCE);

/** An application left open by a failed test would poll forever. */
const apps: TestingModule[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

async function start(...imports: (DynamicModule | Type<unknown>)[]): Promise<TestingModule> {
  const app = await started(...imports);
  apps.push(app);
  return app;
}

const SHORT = { createIfNotExists: true, minPollDelay: 0.02, maxPollDelay: 0.1, minRetryDelay: 0, maxRetryDelay: 0 };
const root = (name?: string): DynamicModule =>
  EncryptedStorageModule.forRoot({ ...optionsOf(), ...(name === undefined ? {} : { name }) });

/** A class that handles a queue and records the texts. */
function handlerOf(queue: string, options: EncryptedQueueHandlerOptions = {}) {
  @Injectable()
  class TextsHandler {
    readonly texts: string[] = [];
    readonly signals: AbortSignal[] = [];

    @EncryptedQueueHandler(queue, { ...SHORT, ...options })
    handle({ text }: EncryptedQueueMessage, signal: AbortSignal): void {
      this.texts.push(text);
      this.signals.push(signal);
    }
  }
  return TextsHandler;
}

const sendTo = async (app: TestingModule, queue: string, text: string, account?: string) =>
  app
    .get<EncryptedQueueService>(getEncryptedQueueServiceToken(account), { strict: false })
    .getQueueClient(queue)
    .sendMessage(text);

const failing = async (...imports: (DynamicModule | Type<unknown>)[]): Promise<string> =>
  start(...imports).then(
    () => 'it started',
    (error: unknown) => (error as Error).message,
  );

describe('@EncryptedQueueHandler()', () => {
  it('handles the messages of its queue from the start of the application to its end', async () => {
    const queue = uniqueName('handled');
    const Handler = handlerOf(queue);
    const app = await start(root(), moduleWith(Handler));
    const { texts, signals } = app.get(Handler, { strict: false });

    await sendTo(app, queue, 'hello');
    await until(() => texts.length === 1);
    await app.close();
    await plainQueue(queue).sendMessage('nobody takes it');

    expect(texts).toEqual(['hello']);
    expect(signals[0]?.aborted).toBe(false);
    expect(await visibleTexts(queue)).toEqual(['nobody takes it']);
  });

  it('waits for running handlers at shutdown', async () => {
    const queue = uniqueName('graceful');
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const begun: string[] = [];
    @Injectable()
    class Slow {
      @EncryptedQueueHandler(queue, SHORT)
      async handle({ text }: EncryptedQueueMessage): Promise<void> {
        begun.push(text);
        await ended;
      }
    }
    const app = await start(root(), moduleWith(Slow));
    await sendTo(app, queue, 'slow');
    await until(() => begun.length === 1);

    const closed = app.close();
    end();
    await closed;

    expect(await size(queue)).toBe(0);
  });

  it('finds inherited methods, controller methods and providers from factories, and an alias only once', async () => {
    const [first, second] = [uniqueName('base'), uniqueName('factory')];
    const Base = handlerOf(first);
    const Made = handlerOf(second);
    class Derived extends Base {}
    @Module({
      controllers: [Derived],
      providers: [
        { provide: 'made', useFactory: () => new Made() },
        { provide: 'alias', useExisting: 'made' },
      ],
    })
    class HandlersModule {}
    const app = await start(root(), HandlersModule);

    await Promise.all([sendTo(app, first, '1'), sendTo(app, second, '2')]);
    await until(() => app.get(Derived, { strict: false }).texts.length === 1);
    await until(() => app.get<InstanceType<typeof Made>>('made', { strict: false }).texts.length === 1);
  });

  it('handles the queue of a named account', async () => {
    const queue = uniqueName('named');
    const Handler = handlerOf(queue, { account: 'eu' });
    const app = await start(root(), root('eu'), moduleWith(Handler));

    await sendTo(app, queue, 'to eu', 'eu');
    await until(() => app.get(Handler, { strict: false }).texts.length === 1);
  });

  it('starts on request if automatic start is off', async () => {
    const queue = uniqueName('by-hand');
    const Handler = handlerOf(queue, { autoStart: false });
    const app = await start(root(), moduleWith(Handler));
    const consumer = app.get(EncryptedQueueConsumers, { strict: false }).get(queue);
    expect(consumer.isRunning).toBe(false);

    await consumer.start();
    await sendTo(app, queue, 'now');
    await until(() => app.get(Handler, { strict: false }).texts.length === 1);
    await app.close();

    expect(consumer.isRunning).toBe(false);
  });
});

describe('EncryptedQueueConsumers', () => {
  it('can be overridden in a test, so that nothing is polled', async () => {
    const queue = uniqueName('overridden');
    const builder = Test.createTestingModule({ imports: [root(), moduleWith(handlerOf(queue))] });
    const app = await builder.overrideProvider(EncryptedQueueConsumers).useValue({}).setLogger(SILENT).compile();
    apps.push(await app.init());

    // starting it would have created the queue
    expect(await plainQueue(queue).exists()).toBe(false);
  });

  it('reject a queue without a handler', async () => {
    const app = await start(root());

    expect(() => app.get(EncryptedQueueConsumers, { strict: false }).get('none')).toThrow(
      /no @EncryptedQueueHandler\("none"\)/,
    );
  });
});

describe('handlers in lazily loaded modules', () => {
  it('start when the application asks for them, and stop with it', async () => {
    const [early, late, latest] = [uniqueName('early'), uniqueName('late'), uniqueName('latest')] as const;
    const [Early, Late] = [handlerOf(early), handlerOf(late)];
    const log = new CapturingLogger();
    @Module({ providers: [Late] })
    class LateModule {}
    const app = await Test.createTestingModule({ imports: [root()], providers: [Early] })
      .setLogger(log)
      .compile();
    apps.push(await app.init());
    const consumers = app.get(EncryptedQueueConsumers);

    expect(log.lines).toContain(
      `log Handlers of 1 queue have started: ${early}. ` +
        'Those of modules that are loaded later start with EncryptedQueueConsumers.startNew()',
    );
    const loaded = await app.get(LazyModuleLoader).load(() => LateModule);
    expect(() => consumers.get(late)).toThrow(/was found at the start/);

    expect(await consumers.startNew()).toEqual([late]);
    expect(await consumers.startNew()).toEqual([]);
    await sendTo(app, late, 'content');
    await until(() => loaded.get(Late).texts.length === 1);
    await app.get(LazyModuleLoader).load(() => moduleWith(handlerOf(latest)));
    await app.close();
    expect(consumers.get(late).isRunning).toBe(false);
    // nothing would stop it
    expect(await consumers.startNew()).toEqual([]);
    expect(await plainQueue(latest).exists()).toBe(false);
  });
});

describe('the policy of a handler', () => {
  const old = AesKeyEncryptionKey.generate('of the feature');
  const encryption = { protocol: '1.0' as const, keyEncryptionKey: old };
  const passedOn = (feature: DynamicModule): DynamicModule => {
    class PassingModule {}
    return { module: PassingModule, imports: [feature], exports: [feature] };
  };

  it.each([
    ['names the queue', (queue: string) => EncryptedStorageModule.forFeature({ encryption, queues: [queue] })],
    ['does not name it', () => EncryptedStorageModule.forFeature({ encryption })],
    [
      'is imported through another module',
      (queue: string) => passedOn(EncryptedStorageModule.forFeature({ encryption, queues: [queue] })),
    ],
  ])('is that of the feature which its module imports, if it %s', async (_how, featureOf) => {
    const queue = uniqueName('feature');
    const Handler = handlerOf(queue);
    const feature = featureOf(queue);
    const app = await start(root(), moduleWith(Handler, feature));
    // with a key that the root does not know
    const writer = await start(EncryptedStorageModule.forRoot(optionsOf(encryption)));

    await sendTo(writer, queue, 'under the key of the feature');
    await until(() => app.get(Handler, { strict: false }).texts.length === 1);
  });

  it('is that of the root elsewhere, whatever features other modules import', async () => {
    const queue = uniqueName('elsewhere');
    const Handler = handlerOf(queue);
    const feature = EncryptedStorageModule.forFeature({ encryption, queues: [queue] });
    const app = await start(root(), moduleWith(class Other {}, feature), moduleWith(Handler));
    const writer = await start(root());

    await sendTo(writer, queue, 'under the key of the root');
    await until(() => app.get(Handler, { strict: false }).texts.length === 1);
  });

  it('does not need a visible root if a feature names the queue', async () => {
    const queue = uniqueName('local');
    const Handler = handlerOf(queue);
    const app = await start(
      EncryptedStorageModule.forRoot({ ...optionsOf(), isGlobal: false }),
      moduleWith(Handler, EncryptedStorageModule.forFeature({ queues: [queue] })),
    );

    await sendTo(app, queue, 'seen');
    await until(() => app.get(Handler, { strict: false }).texts.length === 1);
  });
});

describe('the start of an application', () => {
  it('reports all faults of all handlers at once', async () => {
    const message = await failing(
      root(),
      moduleWith(handlerOf('first', { concurrency: 0, batchSize: 64 })),
      moduleWith(handlerOf('Second')),
      moduleWith(handlerOf('third', { account: 'nowhere' })),
      moduleWith(handlerOf('fourth', { autoStart: 'no' as never })),
    );

    expect(message).toContain('@EncryptedQueueHandler("first") of TextsHandler.handle: "concurrency" must be');
    expect(message).toContain('@EncryptedQueueHandler("first") of TextsHandler.handle: "batchSize" must be');
    expect(message).toContain('@EncryptedQueueHandler("Second") of TextsHandler.handle: the name of the queue');
    expect(message).toContain('there is no account "nowhere"');
    expect(message).toContain('"autoStart" must be true or false');
  });

  it('fails for two handlers of one queue, but not for queues of the same name in two accounts', async () => {
    const queue = uniqueName('twice');
    expect(await failing(root(), moduleWith(handlerOf(queue)), moduleWith(handlerOf(queue)))).toMatch(
      /of TextsHandler\.handle and @EncryptedQueueHandler.* would each get some of the messages/,
    );

    const options = { autoStart: false };
    const eu = moduleWith(handlerOf(queue, { ...options, account: 'eu' }));
    const app = await start(root(), root('eu'), moduleWith(handlerOf(queue, options)), eu);
    expect(app.get(EncryptedQueueConsumers, { strict: false }).get(queue, 'eu').queueName).toBe(queue);
  });

  it.each([Scope.REQUEST, Scope.TRANSIENT])('fails for a provider of scope %d', async (scope) => {
    @Injectable({ scope })
    class Scoped {
      @EncryptedQueueHandler('scoped')
      handle(): void {
        return;
      }
    }

    expect(await failing(root(), moduleWith(Scoped))).toContain('Scoped.handle: its provider is not a singleton');
  });

  it('fails if no account is visible to the module of a handler', async () => {
    const hidden = EncryptedStorageModule.forRoot({ ...optionsOf(), isGlobal: false });

    expect(await failing(hidden, moduleWith(handlerOf('unseen')))).toContain('sees no EncryptedStorageModule.forRoot');
  });

  it('fails for all queues that do not exist, in one error', async () => {
    const names = [uniqueName('none'), uniqueName('none')] as const;
    const [First, Second] = names.map((name) => handlerOf(name, { createIfNotExists: false }));

    const failure = await failing(root(), moduleWith(First!), moduleWith(Second!));

    for (const name of names) expect(failure).toContain(`queue "${name}" does not exist`);
  });

  it('stops every consumer again when one cannot create its queues', async () => {
    const queue = uniqueName('unstarted');
    const Handler = handlerOf(queue);
    const unreachable = EncryptedStorageModule.forRoot({
      ...optionsOf(),
      name: 'gone',
      connection: { queueEndpoint: 'http://127.0.0.1:1/gone' },
      queue: { clientOptions: { retryOptions: { maxTries: 1 } } },
    });
    const message = await failing(
      root(),
      unreachable,
      moduleWith(Handler),
      moduleWith(handlerOf('gone', { account: 'gone' })),
    );
    expect(message).toContain('ECONNREFUSED');

    await plainQueue(queue).createIfNotExists();
    await plainQueue(queue).sendMessage('untouched');
    const { peekedMessageItems } = await plainQueue(queue).peekMessages();
    expect(peekedMessageItems).toMatchObject([{ messageText: 'untouched', dequeueCount: 0 }]);
  });

  it('rejects static methods when the class is defined', () => {
    expect(() => {
      class Static {
        @EncryptedQueueHandler('static')
        static handle(): void {
          return;
        }
      }
      return Static;
    }).toThrow(/"handle" is static/);
  });
});
