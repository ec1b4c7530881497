/**
 * Where a blob stores its encryption data: one entry of its metadata, written in lower case. It is read in any letter case, since
 * services and proxies may change the case. Source: docs/formats.md, "On a blob".
 */

export const ENCRYPTION_DATA_ENTRY = 'encryptiondata';
/** Maximum number of bytes of names and values in one blob's metadata; the service's limit. */
export const METADATA_LIMIT = 8 * 1024;

type BlobMetadata = Readonly<Record<string, string>>;

const isEntry = (name: string): boolean => name.toLowerCase() === ENCRYPTION_DATA_ENTRY;

/** The text of the encryption data, or `undefined` for a blob that was never encrypted. */
export function encryptionDataOf(metadata: BlobMetadata | undefined): string | undefined {
  const name = Object.keys(metadata ?? {}).find(isEntry);
  return name === undefined ? undefined : metadata?.[name];
}

/** The metadata with this encryption data, which replaces any other. */
export function withEncryptionData(metadata: BlobMetadata | undefined, text: string): Record<string, string> {
  return { ...withoutEncryptionData(metadata), [ENCRYPTION_DATA_ENTRY]: text };
}

/** The user's own metadata. */
export function withoutEncryptionData(metadata: BlobMetadata | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata ?? {}).filter(([name]) => !isEntry(name)));
}

/** Number of bytes, as the service counts them. */
export function metadataLength(metadata: BlobMetadata): number {
  return Object.entries(metadata).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  );
}
