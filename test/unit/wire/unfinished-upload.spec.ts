import { parseEncryptionData } from '../../../src/wire/encryption-data.js';
import { assertFinished, formatUnfinished, unfinishedUploadIn } from '../../../src/wire/unfinished-upload.js';

const content = {
  wrappedKey: { keyId: 'key', algorithm: 'A256KW', encryptedKey: Buffer.alloc(40, 7) },
  protocol: '1.0',
  algorithm: 'AES_CBC_256',
  fields: { ContentEncryptionIV: Buffer.alloc(16, 1).toString('base64') },
  additions: new Map<string, string>(),
};
const SNAPSHOT = '2026-01-02T03:04:05.0000000Z';

describe('the encryption data of an unfinished upload', () => {
  it.each([undefined, SNAPSHOT])('identifies the upload, and where the content before it is: %p', (previous) => {
    const text = formatUnfinished(content, { id: 'upload-1', previous });

    expect(unfinishedUploadIn(text)).toEqual({ id: 'upload-1', previous });
    expect(() => assertFinished(parseEncryptionData(text))).toThrow(
      expect.objectContaining({ code: 'UPLOAD_UNFINISHED', previousSnapshot: previous }) as Error,
    );
  });

  it('is encryption data for every other reader, under a key that does not exist', () => {
    const parsed = parseEncryptionData(formatUnfinished(content, { id: 'upload-1', previous: SNAPSHOT }));

    expect(parsed.wrappedKey.keyId).toBe('unfinished-upload');
    expect(Buffer.from(parsed.wrappedKey.encryptedKey).equals(Buffer.alloc(40))).toBe(true);
    expect(parsed).toMatchObject({ protocol: '1.0', algorithm: 'AES_CBC_256' });
    expect(parsed.field('ContentEncryptionIV')).toBe(content.fields.ContentEncryptionIV);
  });

  it('does not carry the wrapped key of the upload', () => {
    const text = formatUnfinished(content, { id: 'upload-1', previous: undefined });

    expect(text).not.toContain(Buffer.alloc(40, 7).toString('base64'));
  });

  it.each([undefined, '', '{}', 'null', 'x', '{"WrappedContentKey":{"KeyId":"unfinished-upload"}}'])(
    'is not recognized in %p',
    (text) => {
      expect(unfinishedUploadIn(text)).toBeNull();
    },
  );

  it('is not recognized if content merely has a key of that name', () => {
    const text = formatUnfinished(content, { id: 'upload-1', previous: undefined }).replace('AzCseUpload', 'Other');

    expect(unfinishedUploadIn(text)).toBeNull();
    expect(() => assertFinished(parseEncryptionData(text))).not.toThrow();
  });

  it('has no content before it if the snapshot is not text', () => {
    const text = formatUnfinished(content, { id: 'upload-1', previous: SNAPSHOT }).replace(`"${SNAPSHOT}"`, '7');

    expect(unfinishedUploadIn(text)).toEqual({ id: 'upload-1', previous: undefined });
  });
});
