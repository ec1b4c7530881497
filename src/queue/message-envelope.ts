/** From the content of a message to the stored text, and back. */
import { runAll } from '../crypto/byte-transform.js';
import { assertPlaintextAllowed, type EncryptionPolicy } from '../envelope/encryption-policy.js';
import { createEnvelope, type EnvelopeContext, expectedLayout, openEnvelope } from '../envelope/envelope.js';
import { integrityOf } from '../envelope/integrity/integrity-options.js';
import { interpreted } from '../envelope/watched-opener.js';
import { type ContentInput, contentBytes } from '../encoding/content-bytes.js';
import { PayloadTooLargeError } from '../errors/input.js';
import type { TimeSlice } from '../streams/time-slice.js';
import { traced } from '../tracing/span.js';
import { formatMessage, parseMessage } from '../wire/queue-message.js';
import { MESSAGE_CODECS, type MessageEncoding } from './message-encoding.js';

/** Maximum number of bytes of the stored text; the service's limit. */
export const MESSAGE_LIMIT = 64 * 1024;

export interface MessageContext extends EnvelopeContext {
  readonly policy: EncryptionPolicy;
  readonly encoding: MessageEncoding;
  /** Time on the event loop that all messages of the call share. */
  readonly slice?: TimeSlice;
}

/** Throws before anything is sent: {@link PayloadTooLargeError} if the service would reject the text, or `UNSUPPORTED_VALUE`. */
export async function sealMessage(content: ContentInput, context: MessageContext): Promise<string> {
  const plaintext = MESSAGE_CODECS[context.encoding].encode(ownBytes(content));
  assertMayFit(plaintext, context.policy);
  const { encryptionData, sealer, sealedData } = await createEnvelope(context.policy, context);
  const sealed = await traced('Content.seal', context.operation ?? {}, async (_options, record) => {
    const integrity = integrityOf(context.policy);
    record({ protocol: encryptionData.protocol, plaintextBytes: plaintext.length, integrity });
    return runAll(sealer.seal(), plaintext);
  });
  const text = formatMessage(sealed, sealedData());
  assertFits('The message', Buffer.byteLength(text));
  return text;
}

/** Bytes are copied, because the caller may change them while the key is awaited. */
const ownBytes = (content: ContentInput): Buffer =>
  typeof content === 'string' ? contentBytes(content) : Buffer.from(contentBytes(content));

/** Content that is too long even without the envelope causes no call to a key. */
function assertMayFit(plaintext: Buffer, policy: EncryptionPolicy): void {
  const sealedLength = expectedLayout(policy, 'message').ciphertextLength(plaintext.length);
  assertFits('The content of the message', Math.ceil(sealedLength / 3) * 4);
}

function assertFits(what: string, length: number): void {
  if (length > MESSAGE_LIMIT) throw new PayloadTooLargeError(what, MESSAGE_LIMIT, length);
}

/**
 * @returns the content. Content that was never encrypted is returned unchanged, if the policy allows plaintext.
 */
export async function openMessage(text: string, context: MessageContext): Promise<Buffer> {
  const message = parseMessage(text);
  if (message.kind === 'plain') {
    assertPlaintextAllowed(context.policy, 'The message');
    return message.content;
  }
  const { target, form, operation, keyEncryptionKey } = context;
  const storedLength = message.sealed.length;
  const stored = { target, form, operation, keyEncryptionKey, storedLength };
  const opener = await openEnvelope(context.policy, message.encryptionData, stored);
  while (context.slice?.isSpent === true) await context.slice.breathe();
  return traced('Content.open', context.operation ?? {}, async (_options, record) => {
    const { protocol, wrappedKey } = message.encryptionData;
    const integrity = integrityOf(context.policy);
    record({ protocol, keyId: wrappedKey.keyId, ciphertextBytes: message.sealed.length, integrity });
    const { sealed } = message;
    if (opener.wholeTag !== undefined) runAll(opener.wholeTag.check(), sealed);
    const window = opener.layout.window({ offset: 0 }, sealed.length);
    const plaintext = runAll(opener.open(window, 'checked'), sealed);
    return interpreted(opener, () => MESSAGE_CODECS[context.encoding].decode(plaintext));
  });
}
