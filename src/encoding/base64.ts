const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** From this length on, decoding and encoding again is faster than the pattern, which looks at each character. */
const LONG = 100;

/**
 * Decodes standard, padded base64 (RFC 4648, 4) strictly. Returns `null` for anything else, where Node would skip invalid
 * characters.
 */
export function decodeBase64(text: string): Buffer | null {
  if (text.length % 4 !== 0) return null;
  if (text.length < LONG) return BASE64.test(text) ? Buffer.from(text, 'base64') : null;
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text || BASE64.test(text) ? bytes : null;
}

/** The same, only for the text that encoding the bytes gives again: the unused low bits of the last digit are 0. */
export function decodeCanonicalBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}
