/** What an application may pass to an upload, as a source of plaintext. */
import { contentBytes, type ContentInput } from '../encoding/content-bytes.js';
import { SourceLengthError, UnsupportedValueError } from '../errors/input.js';
import type { ByteSource } from '../streams/source.js';
import { isStream, readOnce } from '../streams/stream-source.js';
import type { SizedSource } from './sealed-upload.js';
import { assertContentLength } from './transfer-shape.js';

type Uploading<Result> = (content: SizedSource) => Promise<Result>;

/** Content in memory. Throws `UNSUPPORTED_VALUE` for anything else, and for text that UTF-8 cannot represent. */
export async function uploadInMemory<Result>(data: ContentInput | Blob, upload: Uploading<Result>): Promise<Result> {
  if (data instanceof Blob) return readOnce(data.stream(), (source) => upload({ source, length: data.size }));
  const bytes = contentBytes(data);
  return upload({ source: [bytes], length: bytes.length });
}

/** Content in chunks. Throws `UNSUPPORTED_VALUE` for anything that is not a stream, and `SOURCE_CONSUMED` as `readOnce` does. */
export async function uploadStreamed<Result>(
  stream: unknown,
  upload: (source: ByteSource) => Promise<Result>,
): Promise<Result> {
  if (!isStream(stream)) {
    throw new UnsupportedValueError(null, 'is not a stream: pass a stream of Buffers or strings, or use uploadData');
  }
  return readOnce(stream, upload);
}

/** Content of an announced length: in memory, a stream, or a function that returns either. */
export async function uploadBody<Result>(body: unknown, length: number, upload: Uploading<Result>): Promise<Result> {
  assertContentLength(length);
  const content = typeof body === 'function' ? (body as () => unknown)() : body;
  if (isStream(content)) return readOnce(content, (source) => upload({ source, length }));
  return uploadInMemory(content as ContentInput | Blob, (given) => {
    if (given.length !== length) throw new SourceLengthError(length, given.length);
    return upload(given);
  });
}
