import type { BlobDownloadResponseParsed } from '@azure/storage-blob';
import { answeredState, type Extent, stateOf } from '../../../src/blob/service-answer.js';

const refusal = expect.objectContaining({ code: 'INVALID_SERVICE_RESPONSE' }) as Error;

const answer = (fields: Partial<BlobDownloadResponseParsed>, structuredContentLength?: number) =>
  ({ etag: '"1"', ...fields, _response: { parsedHeaders: { structuredContentLength } } }) as BlobDownloadResponseParsed;

describe('a response to a read', () => {
  it.each<[Extent, string, number]>([
    [{ offset: 0, count: 10 }, 'bytes 0-9/100', 10],
    [{ offset: 90, count: 10 }, 'bytes 90-99/100', 10],
    [{ offset: 90, count: 50 }, 'bytes 90-99/100', 10],
    [{ offset: 0, count: Infinity }, 'bytes 0-99/100', 100],
    [{ offset: 0, count: Infinity }, 'bytes 0--1/0', 0],
  ])('for %j may have the Content-Range "%s" and %d bytes', (extent, contentRange, contentLength) => {
    const { etag, storedLength } = answeredState(answer({ contentRange, contentLength }), extent);

    expect(etag).toBe('"1"');
    expect(storedLength).toBe(Number(contentRange.split('/')[1]));
  });

  it('counts only the content if the body also carries checksums', () => {
    const framed = answer({ contentRange: 'bytes 0-9/100', contentLength: 47 }, 10);

    expect(answeredState(framed, { offset: 0, count: 10 }).storedLength).toBe(100);
  });

  it.each([
    undefined,
    '',
    'bytes',
    'bytes 0-9/*',
    'bytes */100',
    'bytes 0-9',
    'bytes 1-10/100',
    'bytes 0-8/100',
    'bytes 0-10/100',
    'bytes 0-9/5',
    'bytes 0-9/100, 20-29/100',
    ' bytes 0-9/100',
    'bytes 0-9/99999999999999999999',
    'items 0-9/100',
  ])('is rejected with the Content-Range %j', (contentRange) => {
    const response = answer({ contentLength: 10, ...(contentRange === undefined ? {} : { contentRange }) });

    expect(() => answeredState(response, { offset: 0, count: 10 })).toThrow(refusal);
  });

  it.each([9, 11, 0, undefined])('is rejected with a body of %p bytes for 10', (contentLength) => {
    const response = answer({
      contentRange: 'bytes 0-9/100',
      ...(contentLength === undefined ? {} : { contentLength }),
    });

    expect(() => answeredState(response, { offset: 0, count: 10 })).toThrow(refusal);
  });

  it.each([
    [{}, 100],
    [{ etag: '' }, 100],
    [{ etag: '"1"' }, undefined],
    [{ etag: '"1"' }, NaN],
    [{ etag: '"1"' }, 0.5],
  ])('describes no state as %j with %p bytes', (response, storedLength) => {
    expect(() => stateOf(response, storedLength)).toThrow(refusal);
  });
});
