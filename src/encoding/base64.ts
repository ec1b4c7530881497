const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * Decodes standard, padded base64 (RFC 4648, 4) strictly. Returns `null` for anything else, where Node would skip invalid
 * characters.
 */
export function decodeBase64(text: string): Buffer | null {
  if (text.length % 4 !== 0) return null;
  const bytes = Buffer.from(text, 'base64');
  // the text of almost every writer is the only one of its bytes, and that is found faster than the pattern looks at each character
  return bytes.toString('base64') === text || BASE64.test(text) ? bytes : null;
}
