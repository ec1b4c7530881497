/** Tables of cases for messages: texts that are difficult for encodings, and the longest ones. */
import { QueueServiceClient, type QueueClient } from '@azure/storage-queue';
import { connectionString, uniqueName } from '../../support/azurite.js';
import { KEY, type SharedKey } from './keys.js';
import { ask, type Peer, type Protocol } from './peers.js';

export const TEXTS: readonly (readonly [what: string, text: string])[] = [
  ['an empty text', ''],
  ['one letter', 'a'],
  ['15 letters', 'a'.repeat(15)],
  ['16 letters', 'a'.repeat(16)],
  ['17 letters', 'a'.repeat(17)],
  ['JSON', '{"patient":17,"tags":["a",null],"note":"\\u00fc"}'],
  ['a JSON list', '[1,2,3]'],
  ['a JSON number', '5'],
  ['text that looks like a sealed message', '{"EncryptedMessageContents":"AAAA","EncryptionData":null}'],
  ['emoji and scripts', 'Grüße 🩺👩‍⚕️ 漢字 עברית'],
  ['new lines and tabs', 'a\nb\tc\r\nd '],
  ['blanks around', '  a  '],
  ['base64', Buffer.from('not to be decoded').toString('base64')],
];
/** Characters that XML escapes, which the legacy Python SDK does inside the ciphertext by default. */
export const MARKUP = 'a < b && c > "d" \'e\' &amp; &lt;';
export const BYTES = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
/**
 * Bytes that decoding to text would change: invalid bytes, halves of characters, a byte order mark, and text itself.
 */
export const BINARIES: readonly Buffer[] = [
  BYTES,
  ...['ff', 'c3', 'eda080', 'efbbbf61', '00', '1f8b0800', '61'].map((hex) => Buffer.from(hex, 'hex')),
];

/** The length of a text that nearly fills a message, in every SDK: at most 65,536 bytes are stored. */
export const NEARLY_FULL = 48_700;

export interface PeerMessageOptions {
  readonly queue: string;
  readonly key?: Pick<SharedKey, 'theirs'>;
  readonly resolve?: boolean;
  readonly requireEncryption?: boolean;
  readonly protocol?: Protocol;
  /** What a Python SDK does to the content before it encrypts. Java does not change it. */
  readonly encoding?: 'text' | 'base64' | 'bytes' | 'xml';
}

export type Content = { readonly text: string } | { readonly bytes: string } | { readonly parsed: unknown };

/** Sends the contents. Then `updateTo` replaces the last one. */
export async function peerSends(
  peer: Peer,
  contents: readonly (string | Buffer)[],
  options: PeerMessageOptions & { readonly updateTo?: string },
): Promise<void> {
  const { updateTo, ...rest } = options;
  await ask(peer, 'queue.write', {
    ...theirs(rest),
    contents: contents.map(asContent),
    ...(updateTo === undefined ? {} : { updateTo: asContent(updateTo) }),
  });
}

export async function peerReceives(
  peer: Peer,
  options: PeerMessageOptions & { readonly count?: number; readonly peek?: boolean },
): Promise<readonly Content[]> {
  const { count = 1, peek = false, ...rest } = options;
  const answer = await ask<{ contents: Content[] }>(peer, 'queue.read', { ...theirs(rest), count, peek });
  return answer.contents;
}

export const asContent = (content: string | Buffer): Content =>
  typeof content === 'string' ? { text: content } : { bytes: content.toString('base64') };

/** A queue that no other test uses. */
export async function newQueue(): Promise<{ readonly queue: string; readonly raw: QueueClient }> {
  const raw = QueueServiceClient.fromConnectionString(connectionString()).getQueueClient(uniqueName('live'));
  await raw.create();
  return { queue: raw.name, raw };
}

const theirs = ({ key = KEY, encoding = 'text', ...options }: PeerMessageOptions): object => {
  return { ...options, encoding, key: key.theirs };
};
