/** Account keys, which are base64. The SDKs sign with the bytes of any other text too, and the service answers with a 403. */

/** As lenient as the SDKs, which ignore missing padding and white space around the key. */
export function isAccountKey(value: unknown): boolean {
  const [digits] = typeof value === 'string' ? (/^[A-Za-z0-9+/]{2,}(?=={0,2}$)/.exec(value.trim()) ?? []) : [];
  return digits !== undefined && digits.length % 4 !== 1;
}

/** What is wrong with a key, without its text. */
export const NO_ACCOUNT_KEY = "must be base64: copy the complete key from the account's access keys";

export const accountKeyIn = (connectionString: string): string | undefined =>
  /(?:^|;)\s*AccountKey=([^;]*)/.exec(connectionString)?.[1];
