/** Finds the methods that handle queues, and the clients that the modules they are in would inject. */
import { Inject, Injectable, type InjectionToken, Optional } from '@nestjs/common';
import { DiscoveryService, ModuleRef } from '@nestjs/core';
import { consumerFaults } from '../queue/consumer/consumer-options.js';
import type { EncryptedQueueMessageHandler } from '../queue/consumer/encrypted-queue-message.js';
import type { EncryptedQueueClient } from '../queue/encrypted-queue-client.js';
import type { EncryptedQueueService } from '../queue/encrypted-queue.service.js';
import { clientsToken, getEncryptedQueueServiceToken, getEncryptedQueueToken } from './encrypted-storage.tokens.js';
import { type QueueHandlerMethod, queueHandlersOf } from './queue-handler-metadata.js';
import type { StorageClients } from './storage-clients.js';

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** A handler as found: everything about it, or why it cannot work. */
export interface FoundHandler extends QueueHandlerMethod {
  /** For people: class and method. */
  readonly where: string;
  readonly faults: readonly string[];
  readonly handler: EncryptedQueueMessageHandler;
  /** `undefined` where the account is not registered. */
  readonly clients: HandlerClients | undefined;
}

export interface HandlerClients {
  readonly queue: EncryptedQueueClient;
  readonly account: StorageClients;
}

@Injectable()
export class QueueHandlerExplorer {
  constructor(@Inject(DiscoveryService) private readonly discovery: DiscoveryService) {}

  async explore(): Promise<readonly FoundHandler[]> {
    const wrappers = [...this.discovery.getProviders(), ...this.discovery.getControllers()];
    const found = [...uniqueInstances(wrappers)].flatMap(([instance, wrapper]) =>
      queueHandlersOf(instance).map((method) => foundHandler(instance, wrapper, method)),
    );
    return Promise.all(found);
  }
}

/** An alias (`useExisting`) stands for the same object. */
function uniqueInstances(wrappers: readonly Wrapper[]): ReadonlyMap<object, Wrapper> {
  const unique = new Map<object, Wrapper>();
  for (const wrapper of wrappers) {
    const instance: unknown = wrapper.instance;
    if (typeof instance === 'object' && instance !== null && !unique.has(instance)) unique.set(instance, wrapper);
  }
  return unique;
}

async function foundHandler(instance: object, wrapper: Wrapper, record: QueueHandlerMethod): Promise<FoundHandler> {
  const { queue, options, method } = record;
  const where = `@EncryptedQueueHandler(${JSON.stringify(queue)}) of ${instance.constructor.name}.${String(method)}`;
  const isSingleton = wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
  const clients = await clientsOf(wrapper, record);
  const faults = [
    ...(isSingleton ? [] : ['there is no request to make its provider for: make it a singleton']),
    ...(clients === undefined ? [unknownAccount(options.account)] : []),
    ...(['undefined', 'boolean'].includes(typeof options.autoStart) ? [] : ['"autoStart" must be a boolean']),
    ...consumerFaults(queue, options),
  ];
  return {
    ...record,
    where,
    clients,
    faults: faults.map((fault) => `${where}: ${fault}`),
    handler: (message, signal) => call(instance, method, [message, signal]),
  };
}

/** As the method is at the time of the call; what is no method throws, and so keeps the message. */
const call = (instance: object, method: string | symbol, given: Parameters<EncryptedQueueMessageHandler>) =>
  Reflect.apply(Reflect.get(instance, method) as EncryptedQueueMessageHandler, instance, given);

const unknownAccount = (account: string | undefined): string =>
  account === undefined
    ? 'its module sees no EncryptedStorageModule.forRoot: import it'
    : `there is no account ${JSON.stringify(account)}: import EncryptedStorageModule.forRoot with that "name"`;

/** The clients that the handler's own module would inject, so that a feature with a policy of its own is followed. */
async function clientsOf(
  { host }: Wrapper,
  { queue, options: { account } }: QueueHandlerMethod,
): Promise<HandlerClients | undefined> {
  const tokens = [
    getEncryptedQueueToken(queue, account),
    getEncryptedQueueServiceToken(account),
    clientsToken(account),
  ];
  const [client, service, clients] = (await injectedIn(host, tokens)) as [
    EncryptedQueueClient?,
    EncryptedQueueService?,
    StorageClients?,
  ];
  const bound = client ?? service?.getQueueClient(queue);
  return bound === undefined || clients === undefined ? undefined : { queue: bound, account: clients };
}

/** What a module injects for these tokens; `undefined` where it sees none. */
async function injectedIn(host: Wrapper['host'], tokens: readonly InjectionToken[]): Promise<readonly unknown[]> {
  class Probe {
    readonly found: readonly unknown[];
    constructor(...found: readonly unknown[]) {
      this.found = found;
    }
  }
  for (const [index, token] of tokens.entries()) {
    Inject(token)(Probe, undefined, index);
    Optional()(Probe, undefined, index);
  }
  const moduleRef = host?.getProviderByKey<ModuleRef>(ModuleRef).instance;
  return (await moduleRef?.create(Probe))?.found ?? [];
}
