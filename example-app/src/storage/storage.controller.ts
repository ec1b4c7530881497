import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import {
  EncryptedBlobService,
  EncryptedQueueService,
  EncryptedTableService,
  InjectEncryptedBlobService,
  InjectEncryptedQueueService,
  InjectEncryptedTableService,
} from 'nestjs-azure-encrypted-storage';
import { ClinicSettings } from '../configuration/clinic-settings.js';
import { ApiProblems } from '../http/openapi.js';
import { PatientKeys } from '../patients/patient.dto.js';
import { PATIENTS } from '../patients/patient.entity.js';
import { REFERRALS } from '../referrals/referrals.handler.js';
import { StoredBlob, StoredBlobName, StoredMessage, StoredPart } from './stored.dto.js';

const MESSAGES_SHOWN = 10;

/**
 * Shows what the service actually stores: everything that somebody with access to the account, but without the key, can
 * see.
 */
@ApiTags('storage')
@Controller('storage')
export class StorageController {
  constructor(
    @InjectEncryptedBlobService() private readonly blobs: EncryptedBlobService,
    @InjectEncryptedQueueService() private readonly queues: EncryptedQueueService,
    @InjectEncryptedTableService() private readonly tables: EncryptedTableService,
    private readonly settings: ClinicSettings,
  ) {}

  @Get('blobs/:container/:name')
  @ApiOperation({ summary: 'The stored bytes of a scan or a letter' })
  @ApiResponse({ status: 200, type: StoredBlob })
  @ApiProblems({ 404: 'No such blob' })
  async blob(
    @Param() { container, name }: StoredBlobName,
    @Query() { offset, count }: StoredPart,
  ): Promise<StoredBlob> {
    const stored = this.blobs
      .getContainerClient(this.settings.nameOf(container))
      .getBlockBlobClient(name).unencryptedClient;
    const { contentLength = 0, etag = '', metadata = {} } = await stored.getProperties();
    const shown = Math.max(0, Math.min(count, contentLength - offset));
    const bytes = shown === 0 ? Buffer.alloc(0) : await stored.downloadToBuffer(offset, shown);
    const encryptionData = parsedOrText(metadata['encryptiondata'] ?? 'null');
    return { contentLength, etag, offset, bytes: bytes.toString('hex'), encryptionData };
  }

  @Get('referrals')
  @ApiOperation({ summary: 'The stored messages waiting in the queue' })
  @ApiResponse({ status: 200, type: [StoredMessage] })
  async referrals(): Promise<StoredMessage[]> {
    const queue = this.queues.getQueueClient(this.settings.nameOf(REFERRALS)).unencryptedClient;
    const { peekedMessageItems } = await queue.peekMessages({ numberOfMessages: MESSAGES_SHOWN });
    return peekedMessageItems.map(({ messageId, insertedOn, messageText }) => ({
      messageId,
      insertedOn: insertedOn.toISOString(),
      text: messageText,
    }));
  }

  @Get('patients/:ward/:number')
  @ApiOperation({ summary: 'The stored row of a patient: encrypted properties are binary' })
  @ApiResponse({ status: 200, schema: { type: 'object', additionalProperties: true } })
  @ApiProblems({ 404: 'No such patient' })
  async patient(@Param() { ward, number }: PatientKeys): Promise<Record<string, unknown>> {
    const row = await this.tables.getUnencryptedTableClient(this.settings.nameOf(PATIENTS)).getEntity(ward, number);
    const shown = ([name, value]: [string, unknown]): [string, unknown] =>
      value instanceof Uint8Array ? [name, { binary: Buffer.from(value).toString('base64') }] : [name, value];
    return Object.fromEntries(Object.entries(row).map(shown));
  }
}

/** Damaged encryption data is shown unchanged. */
function parsedOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
