/**
 * Where the encryption data of a blob stands: one entry of its metadata, written in lower case, read in any letter case since
 * services and proxies may hand back another. Source: docs/formats.md, "On a blob".
 */

/** Name of the entry. */
export const ENCRYPTION_DATA_ENTRY = 'encryptiondata';
/** Bytes of names and values that one blob's metadata may have; the service's limit. */
export const METADATA_LIMIT = 8 * 1024;

export type BlobMetadata = Readonly<Record<string, string>>;

const isEntry = (name: string): boolean => name.toLowerCase() === ENCRYPTION_DATA_ENTRY;

/** The text of the encryption data, or `undefined` for a blob that was never encrypted. */
export function encryptionDataOf(metadata: BlobMetadata | undefined): string | undefined {
  const name = Object.keys(metadata ?? {}).find(isEntry);
  return name === undefined ? undefined : metadata?.[name];
}

/** The metadata with this encryption data in place of any other. */
export function withEncryptionData(metadata: BlobMetadata | undefined, text: string): Record<string, string> {
  return { ...withoutEncryptionData(metadata), [ENCRYPTION_DATA_ENTRY]: text };
}

/** The metadata that is the user's. */
export function withoutEncryptionData(metadata: BlobMetadata | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata ?? {}).filter(([name]) => !isEntry(name)));
}

/** Bytes that the service counts. */
export function metadataLength(metadata: BlobMetadata): number {
  return Object.entries(metadata).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  );
}
