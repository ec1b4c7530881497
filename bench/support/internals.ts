/** Internals of the built package: operations on messages and entities without a service. */
import type * as EncryptionDataModule from '../../src/wire/encryption-data.js';
import type * as EntityEnvelopeModule from '../../src/table/entity-envelope.js';
import type * as EnvelopeModule from '../../src/envelope/envelope.js';
import type * as FreeMemoryModule from '../../src/crypto/free-memory.js';
import type * as MaintainedRowsModule from '../../src/table/maintenance/maintained-rows.js';
import type * as MessageEnvelopeModule from '../../src/queue/message-envelope.js';
import type * as OpenedRowModule from '../../src/table/opened-row.js';
import type * as QueueMessageModule from '../../src/wire/queue-message.js';
import type * as SpanModule from '../../src/tracing/span.js';
import type * as RowTagsModule from '../../src/table/search/row-tags.js';
import type * as TablePageModule from '../../src/table/page.js';
import type * as TagCheckModule from '../../src/table/search/tag-check.js';
import type * as TimeSliceModule from '../../src/streams/time-slice.js';
import { builtModule } from '../../test/support/project.js';

export const encryptionData = await builtModule<typeof EncryptionDataModule>('wire/encryption-data.js');
export const entityEnvelope = await builtModule<typeof EntityEnvelopeModule>('table/entity-envelope.js');
export const envelope = await builtModule<typeof EnvelopeModule>('envelope/envelope.js');
export const freeMemory = await builtModule<typeof FreeMemoryModule>('crypto/free-memory.js');
export const maintainedRows = await builtModule<typeof MaintainedRowsModule>('table/maintenance/maintained-rows.js');
export const messageEnvelope = await builtModule<typeof MessageEnvelopeModule>('queue/message-envelope.js');
export const openedRow = await builtModule<typeof OpenedRowModule>('table/opened-row.js');
export const queueMessage = await builtModule<typeof QueueMessageModule>('wire/queue-message.js');
export const span = await builtModule<typeof SpanModule>('tracing/span.js');
export const rowTags = await builtModule<typeof RowTagsModule>('table/search/row-tags.js');
export const tablePage = await builtModule<typeof TablePageModule>('table/page.js');
export const tagCheck = await builtModule<typeof TagCheckModule>('table/search/tag-check.js');
export const timeSlice = await builtModule<typeof TimeSliceModule>('streams/time-slice.js');
