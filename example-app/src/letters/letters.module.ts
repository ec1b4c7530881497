import { BadRequestException, Body, Controller, Get, HttpCode, Module, Param, Put } from '@nestjs/common';
import {
  EncryptedContainerClient,
  EncryptedStorageModule,
  InjectEncryptedContainer,
} from 'nestjs-azure-encrypted-storage';

export const LETTERS = 'letters';

/** Letters are read by an older program that knows protocol 1.0 only: this module has a policy of its own. */
@Controller('letters')
export class LettersController {
  constructor(@InjectEncryptedContainer(LETTERS) private readonly letters: EncryptedContainerClient) {}

  @Put(':name')
  @HttpCode(201)
  async write(@Param('name') name: string, @Body() body: { text?: unknown }): Promise<{ name: string }> {
    if (typeof body.text !== 'string') throw new BadRequestException('A letter has a "text"');
    await this.letters.getBlockBlobClient(name).uploadData(Buffer.from(body.text));
    return { name };
  }

  @Get(':name')
  async read(@Param('name') name: string): Promise<{ text: string }> {
    return { text: (await this.letters.getBlockBlobClient(name).downloadToBuffer()).toString() };
  }
}

@Module({
  imports: [
    EncryptedStorageModule.forFeature({
      encryption: { protocol: '1.0' },
      containers: [{ name: LETTERS, createIfNotExists: true }],
    }),
  ],
  controllers: [LettersController],
})
export class LettersModule {}
