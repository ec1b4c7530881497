import { BLOB_WORKS } from './blobs.js';
import { consume } from './consumer.js';
import { downloadToFile } from './files.js';
import { send } from './messages.js';
import { ROW_WORKS } from './rows.js';
import type { Work } from './work.js';

export const WORKS: readonly Work[] = [...BLOB_WORKS, downloadToFile, send, consume, ...ROW_WORKS];
