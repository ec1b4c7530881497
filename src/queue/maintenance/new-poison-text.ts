/** The text that replaces a message in a poison queue: under another key, or encrypted again. */
import type { EncryptionPolicy } from '../../envelope/encryption-policy.js';
import type { Step } from '../../envelope/maintenance/maintained.js';
import { chosenAgain } from '../../envelope/maintenance/new-state.js';
import { SAME } from '../../envelope/maintenance/outcome.js';
import { checkingPolicy, provingPolicy, readingPolicy } from '../../envelope/maintenance/reading-policy.js';
import type { RewrapTask } from '../../envelope/maintenance/task.js';
import { type NewText, newTextOf } from '../../envelope/maintenance/rewrap-step.js';
import { rewrapData } from '../../envelope/rewrap.js';
import { DecryptionError } from '../../errors/content.js';
import { parseObject } from '../../wire/json.js';
import { parseMessage, type StoredMessage } from '../../wire/queue-message.js';
import { withWrappedKey } from '../../wire/sealed-message-text.js';
import { parsePoisonMessage, withStoredText } from '../consumer/poison-message.js';
import { type MessageContext, openMessage, sealMessage } from '../message-envelope.js';

interface PoisonParts {
  /** Names of the queue and of its account. */
  readonly queue: string;
  readonly account: string;
  readonly policy: EncryptionPolicy;
  readonly distinctKeys: Set<string>;
}

type Sealed = Extract<StoredMessage, { kind: 'sealed' }>;

export async function newPoisonText(text: string, step: Step, parts: PoisonParts): Promise<NewText> {
  const { storedText } = parsePoisonMessage(text);
  const message = parseMessage(storedText);
  if (message.kind === 'plain' || step.task.do === 'census' || step.task.do === 'reindex') return { result: SAME };
  const context = contextOf(step, parts);
  const found =
    step.task.do === 'rewrap'
      ? await rewrapped(storedText, message, { ...context, ...step.task, distinctKeys: parts.distinctKeys })
      : await reencrypted(storedText, step, context);
  return 'result' in found ? found : { text: withStoredText(text, found.text) };
}

/** Keeps the bytes inside unchanged, in any encoding. */
const contextOf = ({ abortSignal }: Step, { queue, account, policy }: PoisonParts): MessageContext => ({
  policy,
  encoding: 'text',
  target: { kind: 'queue', account, queue },
  form: 'message',
  operation: { abortSignal },
});

async function rewrapped(
  storedText: string,
  { encryptionData }: Sealed,
  context: MessageContext & Pick<PoisonParts, 'distinctKeys'> & Pick<RewrapTask, 'retire' | 'verify'>,
): Promise<NewText> {
  const { keyId, wrappedKey } = await rewrapData(context.policy, encryptionData, context);
  const text = wrappedKey === null ? null : withWrappedKey(storedText, wrappedKey);
  const found = newTextOf(context.policy, { keyId, text }, context.retire);
  if ('text' in found && context.verify === 'content')
    await openMessage(found.text, { ...context, policy: provingPolicy(context.policy) });
  return found;
}

async function reencrypted(storedText: string, { task }: Step, context: MessageContext): Promise<NewText> {
  const { policy } = context;
  const content = await openMessage(storedText, { ...context, policy: readingPolicy(policy, { kind: 'damaged' }) });
  const text = await sealMessage(content, context);
  const message = parseMessage(text) as Sealed;
  const again = chosenAgain(policy, task, message.encryptionData);
  if (again !== null) return { result: again };
  const opened = await openMessage(text, { ...context, policy: checkingPolicy(policy) });
  if (!opened.equals(content)) throw new DecryptionError();
  // senders that encode messages in base64 have readers that expect it
  const isBase64 = parseObject(storedText) === null;
  return { text: isBase64 ? Buffer.from(text).toString('base64') : text };
}
