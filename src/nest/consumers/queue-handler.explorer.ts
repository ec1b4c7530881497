/** Finds the methods that handle queues, and the clients that their modules would inject. */
import { Inject, Injectable, type InjectionToken } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { accountName, flag, givenName, type RulesOf, shownAccount } from '../../option-rules.js';
import { CONSUMER, consumerFaults } from '../../queue/consumer/consumer-options.js';
import type { EncryptedQueueMessageHandler } from '../../queue/consumer/encrypted-queue-message.js';
import type { EncryptedQueueClient } from '../../queue/encrypted-queue-client.js';
import type { EncryptedQueueService } from '../../queue/encrypted-queue.service.js';
import {
  clientsToken,
  getEncryptedQueueServiceToken,
  getEncryptedQueueToken,
} from '../injection/encrypted-storage.tokens.js';
import { type StartedModule, visibleModules } from '../injection/visible-modules.js';
import {
  type EncryptedQueueHandlerOptions,
  type QueueHandlerMethod,
  queueHandlersOf,
} from './queue-handler-metadata.js';
import type { StorageClients } from '../options/storage-clients.js';

/** All options of `@EncryptedQueueHandler()`: those of its consumer, and two more. */
export const HANDLER: RulesOf<EncryptedQueueHandlerOptions> = { ...CONSUMER, account: accountName, autoStart: flag };

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** A handler that was found: everything about it, or why it cannot work. */
export interface FoundHandler extends QueueHandlerMethod {
  /** Class and method, for messages. */
  readonly where: string;
  readonly faults: readonly string[];
  readonly handler: EncryptedQueueMessageHandler;
  /** `undefined` if the account is not registered. */
  readonly clients: HandlerClients | undefined;
}

export interface HandlerClients {
  readonly queue: EncryptedQueueClient;
  readonly account: StorageClients;
}

@Injectable()
export class QueueHandlerExplorer {
  constructor(@Inject(DiscoveryService) private readonly discovery: DiscoveryService) {}

  explore(): readonly FoundHandler[] {
    const wrappers = [...this.discovery.getProviders(), ...this.discovery.getControllers()];
    return [...uniqueInstances(wrappers)].flatMap(([instance, wrapper]) =>
      queueHandlersOf(instance).map((method) => foundHandler(instance, wrapper, method)),
    );
  }
}

/** An alias (`useExisting`) refers to the same object. */
function uniqueInstances(wrappers: readonly Wrapper[]): ReadonlyMap<object, Wrapper> {
  const unique = new Map<object, Wrapper>();
  for (const wrapper of wrappers) {
    const instance: unknown = wrapper.instance;
    if (typeof instance === 'object' && instance !== null && !unique.has(instance)) unique.set(instance, wrapper);
  }
  return unique;
}

function foundHandler(instance: object, wrapper: Wrapper, record: QueueHandlerMethod): FoundHandler {
  const { queue, options, method } = record;
  const where = `@EncryptedQueueHandler(${givenName(queue)}) of ${instance.constructor.name}.${String(method)}`;
  const isSingleton = wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
  const clients = clientsOf(wrapper, record);
  const faults = [
    ...(isSingleton
      ? []
      : ['its provider is not a singleton, and there is no request to create it for: make it a singleton']),
    ...(clients === undefined ? [unknownAccount(options.account)] : []),
    ...consumerFaults(queue, options, HANDLER),
  ];
  return {
    ...record,
    where,
    clients,
    faults: faults.map((fault) => `${where}: ${fault}`),
    handler: (message, signal) => call(instance, method, [message, signal]),
  };
}

/** Uses the method that the object has at the time of the call. If it is not a function, this throws, and the message is kept. */
const call = (instance: object, method: string | symbol, given: Parameters<EncryptedQueueMessageHandler>) =>
  Reflect.apply(Reflect.get(instance, method) as EncryptedQueueMessageHandler, instance, given);

const unknownAccount = (account: string | undefined): string =>
  account === undefined
    ? 'its module sees no EncryptedStorageModule.forRoot: import it'
    : `there is no account "${shownAccount(account)}": import EncryptedStorageModule.forRoot with that "name"`;

/** The clients that the module of the handler would inject, so that the policy of a feature applies. */
function clientsOf({ host }: Wrapper, { queue, options: { account } }: QueueHandlerMethod): HandlerClients | undefined {
  const client = seenBy(host, getEncryptedQueueToken(queue, account)) as EncryptedQueueClient | undefined;
  const service = seenBy(host, getEncryptedQueueServiceToken(account)) as EncryptedQueueService | undefined;
  const clients = seenBy(host, clientsToken(account)) as StorageClients | undefined;
  const bound = client ?? service?.getQueueClient(queue);
  return bound === undefined || clients === undefined ? undefined : { queue: bound, account: clients };
}

/**
 * What a module sees under a token: its own provider, or else that of the first module that exports it. Nest's own lookup cannot
 * be used: if there are several, Nest 10 takes the last one, and so the root's instead of a feature's.
 */
function seenBy(module: StartedModule | undefined, token: InjectionToken): unknown {
  if (module === undefined) return undefined;
  const exporting = visibleModules(module).filter((visible) => visible.exports.has(token));
  const [wrapper] = [module, ...exporting].flatMap(({ providers }) => providers.get(token) ?? []);
  return wrapper?.instance;
}
