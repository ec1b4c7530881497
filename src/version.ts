/** Name and version of this package, as in package.json (a test checks that they are equal). */
export const PACKAGE_NAME = 'nestjs-azure-encrypted-storage';
export const PACKAGE_VERSION = '0.1.0';

/**
 * What is written to `KeyWrappingMetadata.EncryptionLibrary`. It must never contain `Java`, and so not "JavaScript" either: the
 * table readers of three SDKs switch to another IV order if they find these four letters (docs/formats.md, "Library name").
 */
export const LIBRARY_NAME = `TypeScript ${PACKAGE_VERSION}`;
