/** Seals and opens a message with hand-written code, with its JSON and base64 (content-by-hand.ts). */
import { type Integrity, openContent, type Protocol, sealContent, type StoredData } from './content-by-hand.js';

interface StoredMessage {
  readonly EncryptedMessageContents: string;
  readonly EncryptionData: StoredData;
}

export function sealByHand(protocol: Protocol, text: string, integrity: Integrity = 'verify'): string {
  const { sealed, data } = sealContent(protocol, 'message', Buffer.from(text), integrity);
  return `{"EncryptedMessageContents":"${sealed.toString('base64')}","EncryptionData":${data}}`;
}

export function openByHand(protocol: Protocol, stored: string): Buffer {
  const { EncryptedMessageContents: contents, EncryptionData: data } = JSON.parse(stored) as StoredMessage;
  return openContent(protocol, 'message', { sealed: Buffer.from(contents, 'base64'), data });
}
