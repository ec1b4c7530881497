/** Decodes UTF-8 strictly. Returns `null` if the bytes are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether UTF-8 can represent the text. A lone surrogate would come back as another character. */
export const isWellFormed = (text: string): boolean => !LONE_SURROGATE.test(text);
