import { Controller, Get, Inject, Module, Param } from '@nestjs/common';
import { EncryptedBlobService, EncryptedTableService } from 'nestjs-azure-encrypted-storage';

/** Shows what the service really holds: the way of looking that someone with access to the account has. */
@Controller('storage')
export class StorageController {
  constructor(
    @Inject(EncryptedBlobService) private readonly blobs: EncryptedBlobService,
    @Inject(EncryptedTableService) private readonly tables: EncryptedTableService,
  ) {}

  @Get('blobs/:container/:name')
  async blob(@Param('container') container: string, @Param('name') name: string): Promise<Record<string, unknown>> {
    const stored = this.blobs.getContainerClient(container).getBlockBlobClient(name).unencryptedClient;
    const { contentLength = 0, metadata } = await stored.getProperties();
    const head = contentLength === 0 ? Buffer.alloc(0) : await stored.downloadToBuffer(0, Math.min(64, contentLength));
    return {
      contentLength,
      firstBytes: head.toString('hex'),
      encryptionData: JSON.parse(metadata?.['encryptiondata'] ?? 'null') as unknown,
    };
  }

  @Get('patients/:ward/:number')
  async patient(@Param('ward') ward: string, @Param('number') number: string): Promise<Record<string, unknown>> {
    const row = await this.tables.getUnencryptedTableClient('patients').getEntity(ward, number);
    const shown = ([name, value]: [string, unknown]): [string, unknown] =>
      value instanceof Uint8Array ? [name, { binary: Buffer.from(value).toString('base64') }] : [name, value];
    return Object.fromEntries(Object.entries(row).map(shown));
  }
}

@Module({ controllers: [StorageController] })
export class StorageModule {}
