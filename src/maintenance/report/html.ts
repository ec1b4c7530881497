/** Escapes text for an HTML page, so that text from storage can neither become markup nor end an attribute. */
import { escaped } from '../../encoding/printable.js';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const html = (text: string): string =>
  escaped(text).replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
