/**
 * A message of 1 KiB: microseconds to seal and to open it, by step, and messages a second compared with the plain SDK.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { type QueueClient, QueueServiceClient } from '@azure/storage-queue';
import {
  type EncryptedQueueClient,
  EncryptedQueueService,
  type KeyEncryptionKey,
  RsaKeyEncryptionKey,
} from 'nestjs-azure-encrypted-storage';
import { envelope, messageEnvelope, queueMessage, span } from './support/internals.js';
import type { Lab, Subject } from './support/lab.js';
import { openByHand, sealByHand } from './support/message-by-hand.js';
import { messagePrimitives } from './support/message-primitives.js';
import { perOperation, perSecond } from './support/operations.js';
import type { Row } from './support/report.js';
import { medianOf } from './support/rounds.js';
import { floor, inYardsticks, MESSAGE_YARDSTICKS, WITH_EMULATOR } from './support/targets.js';
import { benchKey } from './support/transfer.js';
import { yardstick } from './support/yardstick.js';

const TEXT = 'message '.repeat(128);
const MICRO_ROUNDS = 15;
/** Messages that one receive call returns at most. */
const BATCH = 32;
const BATCHES = 2;
const PROTOCOLS = ['1.0', '2.0'] as const;
type Protocol = (typeof PROTOCOLS)[number];

export const messages: Subject = {
  name: 'messages',
  run: async (lab) => {
    const rsa = RsaKeyEncryptionKey.fromPem('rsa', newRsaPem());
    const rows: Row[] = [];
    for (const protocol of PROTOCOLS) {
      rows.push(...(await inMemory(lab, { protocol, key: benchKey(), keyName: 'A256KW', count: 1000 })));
      rows.push(...(await inMemory(lab, { protocol, key: rsa, keyName: 'RSA-2048', count: 50 })));
    }
    rows.push(...(await withEmulator(lab)));
    return rows;
  },
};

interface Micro {
  readonly protocol: Protocol;
  readonly key: KeyEncryptionKey;
  readonly keyName: string;
  /** Operations in one sample. */
  readonly count: number;
}

async function inMemory(lab: Lab, { protocol, key, keyName, count }: Micro): Promise<Row[]> {
  // opens the same message again and again, so the cache must be off for the key to be unwrapped each time
  const policy = { protocol, keyEncryptionKey: key, requireEncryption: true, unwrapCache: false } as const;
  const kept = { ...policy, unwrapCache: {} };
  const target = { kind: 'queue', account: 'bench', queue: 'bench' } as const;
  // as in a client: nobody records the span of its call
  const operation = span.startSpan('EncryptedQueueClient.bench', {}).options;
  const context = { policy, target, form: 'message', encoding: 'text', operation } as const;
  const text = await messageEnvelope.sealMessage(TEXT, context);
  const stored = queueMessage.parseMessage(text);
  if (stored.kind !== 'sealed') throw new Error('The message was not sealed');
  const data = stored.encryptionData;
  const storedLength = stored.sealed.length;
  const written = (await envelope.createEnvelope(policy, context)).encryptionData;
  const ops = lab.isQuick ? 20 : count;

  const primitives = messagePrimitives(protocol, ops);
  const handSealed = sealByHand(protocol, TEXT);
  assert.equal(openByHand(protocol, handSealed).toString(), TEXT);
  if (keyName === 'A256KW') assert.equal((await messageEnvelope.openMessage(handSealed, context)).toString(), TEXT);
  const found = await lab.measure(
    `message, ${protocol}, ${keyName}`,
    {
      seal: perOperation(ops, () => messageEnvelope.sealMessage(TEXT, context)),
      sealKey: perOperation(ops, () => envelope.createEnvelope(policy, context)),
      sealText: perOperation(ops, () => queueMessage.formatMessage(stored.sealed, written)),
      open: perOperation(ops, () => messageEnvelope.openMessage(text, context)),
      openText: perOperation(ops, () => queueMessage.parseMessage(text)),
      openKey: perOperation(ops, () => envelope.openEnvelope(policy, data, { ...context, storedLength })),
      openKept: perOperation(ops, () => messageEnvelope.openMessage(text, { ...context, policy: kept })),
      plain: perOperation(ops, () => Buffer.from(TEXT).toString('base64')),
      yard: yardstick(ops),
      sealFloor: primitives.seal,
      openFloor: primitives.open,
      sealByHand: perOperation(ops, () => sealByHand(protocol, TEXT)),
      openByHand: perOperation(ops, () => openByHand(protocol, handSealed)),
    },
    lab.isQuick ? 1 : MICRO_ROUNDS,
  );
  const us = (name: keyof typeof found): number => medianOf(found[name], (value) => value);
  const row = (what: string, encrypted: number): Row => ({
    subject: 'a message of 1 KiB, in memory',
    case: `${what} (${keyName})`,
    protocol,
    unit: 'us',
    encrypted,
  });
  const isHeld = keyName === 'A256KW' && !lab.isQuick;
  const held = (name: 'seal' | 'open'): Row[] => {
    const floorRow = (what: string, value: number): Row => row(floor(what, value, us('yard')), value);
    const floors = [
      floorRow('the primitives alone', us(`${name}Floor`)),
      floorRow('the same by hand', us(`${name}ByHand`)),
    ];
    return [
      ...(keyName === 'A256KW' ? floors : []),
      {
        ...row(name, us(name)),
        plain: us('plain'),
        ...(isHeld ? { targets: [inYardsticks(us(name), us('yard'), MESSAGE_YARDSTICKS)] } : {}),
      },
    ];
  };
  return [
    row('the yardstick: A256KW wrap and AES-256-GCM of 1 KiB, alongside', us('yard')),
    ...held('seal'),
    row('- of it: content key, wrapped', us('sealKey')),
    row('- of it: JSON and base64', us('sealText')),
    row('- of it: cipher and the rest', us('seal') - us('sealKey') - us('sealText')),
    ...held('open'),
    row('- of it: JSON and base64', us('openText')),
    row('- of it: content key, unwrapped', us('openKey')),
    row('- of it: cipher and the rest', us('open') - us('openKey') - us('openText')),
    ...(key.cacheUnwraps === false ? [] : [row('open again, with the unwrap cache', us('openKept'))]),
  ];
}

/** Sends one after another, and receives as many as one call returns. */
async function withEmulator(lab: Lab): Promise<Row[]> {
  const service = QueueServiceClient.fromConnectionString(await lab.freshEmulator());
  const clientOf = (protocol: Protocol) =>
    new EncryptedQueueService(() => service, { protocol, keyEncryptionKey: benchKey(), requireEncryption: true });
  const queues = {
    plain: service.getQueueClient('plain'),
    '1.0': clientOf('1.0').getQueueClient('sealed-1'),
    '2.0': clientOf('2.0').getQueueClient('sealed-2'),
  };
  for (const queue of Object.values(queues)) await queue.create();

  const batches = lab.isQuick ? 1 : BATCHES;
  const send = (kind: keyof typeof queues) => perOperation(BATCH * batches, () => queues[kind].sendMessage(TEXT));
  const receive = (kind: keyof typeof queues, client: Receiving, open = (text: string) => text) => {
    return async () => {
      await queues[kind].clearMessages();
      await send(kind)();
      const perBatch = await perOperation(batches, async () => {
        const { receivedMessageItems } = await client.receiveMessages({ numberOfMessages: BATCH });
        const texts = receivedMessageItems.map(({ messageText }) => open(messageText));
        if (texts.length !== BATCH || texts.some((text) => text !== TEXT)) throw new Error('Messages got lost');
      })();
      return perBatch / BATCH;
    };
  };
  const opened = (kind: keyof typeof queues) => receive(kind, queues[kind]);
  const byHand = (kind: Protocol) =>
    receive(kind, queues[kind].unencryptedClient, (text) => openByHand(kind, text).toString());
  const of = (work: typeof send) => ({ plain: work('plain'), '1.0': work('1.0'), '2.0': work('2.0') });
  const sent = await lab.compare('messages: send to Azurite', of(send));
  const received = await lab.compare('messages: receive from Azurite', {
    ...of(opened),
    ...{ '1.0 by hand': byHand('1.0'), '2.0 by hand': byHand('2.0') },
  });
  return [
    ...PROTOCOLS.map((protocol) => rateRow('send', protocol, sent)),
    ...PROTOCOLS.map((protocol) => receiveRow(lab, protocol, received)),
  ];
}

type Receiving = Pick<QueueClient, 'receiveMessages'> | Pick<EncryptedQueueClient, 'receiveMessages'>;

/** The stored text of a sealed message is longer, for the service and for the SDK's XML. */
function receiveRow(lab: Lab, protocol: Protocol, found: Awaited<ReturnType<Lab['compare']>>): Row {
  const us = (name: string): number => medianOf(found[name]!, Number);
  const byHand = (us('plain') / us(`${protocol} by hand`)).toFixed(2);
  const row = rateRow(`receive, 32 in a call (the SDK, and opened by hand: ${byHand})`, protocol, found);
  return lab.isQuick
    ? row
    : { ...row, targets: [{ what: 'ratio', value: row.ratio!, atLeast: WITH_EMULATOR.receive }] };
}

function rateRow(what: string, protocol: Protocol, found: Awaited<ReturnType<Lab['compare']>>): Row {
  const rate = (name: string): number => perSecond(medianOf(found[name]!, (value) => value as number));
  return {
    subject: 'messages of 1 KiB with Azurite',
    case: what,
    protocol,
    unit: '/s',
    plain: rate('plain'),
    encrypted: rate(protocol),
    ratio: rate(protocol) / rate('plain'),
    quiet: found[protocol]!.quiet,
  };
}

const newRsaPem = (): string =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey;
