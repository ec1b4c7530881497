/** How the content of a message is encoded inside the ciphertext. Source: docs/formats.md, "Messages". */
import { decodeBase64 } from '../encoding/base64.js';
import { decodeUtf8 } from '../encoding/utf8.js';
import { DecryptionError } from '../errors/content.js';
import { UnsupportedOperationError } from '../errors/input.js';

/**
 * - `text`: the bytes of the message, UTF-8 for text; .NET, Java and current Python read and write this (default)
 * - `base64`: base64 of these bytes, for Python's Base64 policies
 * - `xml`: XML-escaped text, which the legacy Python SDK (`azure-storage-queue` up to 2.x) uses by default; only for text, so bytes
 *   that are not UTF-8 are refused
 */
export type MessageEncoding = 'text' | 'base64' | 'xml';

interface Codec {
  /** Throws {@link UnsupportedOperationError} for bytes that the encoding cannot represent. */
  readonly encode: (content: Buffer) => Buffer;
  /** Throws {@link DecryptionError} for content that does not have this encoding. */
  readonly decode: (plaintext: Buffer) => Buffer;
}

const ENTITIES = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&apos;': "'" } as const;

export const MESSAGE_CODECS: Readonly<Record<MessageEncoding, Codec>> = {
  text: { encode: (content) => content, decode: (plaintext) => plaintext },
  base64: {
    encode: (content) => Buffer.from(content.toString('base64')),
    decode: (plaintext) => decodeBase64(plaintext.toString('utf8')) ?? failed(),
  },
  xml: {
    encode: (content) => Buffer.from(escapeXml(decodeUtf8(content) ?? refused())),
    decode: (plaintext) => Buffer.from(unescapeXml(decodeUtf8(plaintext) ?? failed())),
  },
};

export const MESSAGE_ENCODINGS = Object.keys(MESSAGE_CODECS) as readonly MessageEncoding[];

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const unescapeXml = (text: string): string =>
  text.replace(/&(?:amp|lt|gt|quot|apos);/g, (entity) => ENTITIES[entity as keyof typeof ENTITIES]);

function refused(): never {
  throw new UnsupportedOperationError(
    'The message is not UTF-8, and "xml" holds text only: use the message encoding "text" or "base64" for bytes',
  );
}

function failed(): never {
  throw new DecryptionError();
}
