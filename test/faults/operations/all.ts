import { METADATA_CHANGES } from './blob-metadata.js';
import { DOWNLOADS } from './downloads.js';
import { MESSAGE_CALLS } from './messages.js';
import type { Operation } from './operation.js';
import { PAGE_UPLOADS } from './pages.js';
import { ROW_CALLS } from './rows.js';
import { UPLOADS } from './uploads.js';

/** Operations by the line of the table that counts them. */
export const OPERATIONS: Readonly<Record<string, readonly Operation[]>> = {
  uploads: UPLOADS,
  'page uploads': PAGE_UPLOADS,
  downloads: DOWNLOADS,
  'metadata and keys of blobs': METADATA_CHANGES,
  messages: MESSAGE_CALLS,
  entities: ROW_CALLS,
};
