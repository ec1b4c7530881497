/** Uploads of page blobs: readers always receive the old content, the new content, or an error. */
import { Readable } from 'node:stream';
import type { BlobRequestConditions } from '@azure/storage-blob';
import type { Operation } from './operation.js';
import { judgePages, pageBlob, somePages } from './stored-blob.js';

/** In milliseconds. */
const ROLLBACK_MS = 4_000;

type Kind = 'over another' | 'the first' | 'under ifMatch' | 'under ifNoneMatch' | 'as a stream';

const uploadOf = (kind: Kind): Operation => ({
  name: `page upload ${kind}`,
  protocols: ['1.0'],
  prepare: async (ground) => {
    const isFirst = kind === 'the first' || kind === 'under ifNoneMatch';
    const before = isFirst ? undefined : somePages(ground);
    const stored = before === undefined ? undefined : await pageBlob(ground, ground.direct).uploadData(before);
    const content = somePages(ground);
    const client = pageBlob(ground, ground.through);
    const conditions = conditionsOf(kind, stored?.etag);
    return {
      run: (signal) => {
        // a rollback ignores the signal, and the suite does not wait longer for an aborted call
        const options = { abortSignal: signal, rollbackTimeoutInMs: ROLLBACK_MS, ...(conditions && { conditions }) };
        if (kind !== 'as a stream') return client.uploadData(content, options);
        return client.uploadStream(Readable.from([content]), content.length, options);
      },
      judge: ({ succeeded }) => judgePages(ground, { before, after: content, succeeded }),
    };
  },
});

function conditionsOf(kind: Kind, etag: string | undefined): BlobRequestConditions | undefined {
  if (kind === 'under ifNoneMatch') return { ifNoneMatch: '*' };
  return kind === 'under ifMatch' && etag !== undefined ? { ifMatch: etag } : undefined;
}

const KINDS: readonly Kind[] = ['over another', 'the first', 'under ifMatch', 'under ifNoneMatch', 'as a stream'];
export const PAGE_UPLOADS: readonly Operation[] = KINDS.map(uploadOf);
