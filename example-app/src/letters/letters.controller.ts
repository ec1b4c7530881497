import { Body, Controller, Get, HttpCode, Param, Put } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { EncryptedContainerClient, InjectEncryptedContainer } from 'nestjs-azure-encrypted-storage';
import { ApiProblems } from '../http/openapi.js';
import { Traced } from '../tracing/traced.interceptor.js';
import { Letter, LetterName } from './letter.dto.js';

export const LETTERS = 'letters';

@Traced()
@ApiTags('letters')
@Controller('letters')
export class LettersController {
  constructor(@InjectEncryptedContainer(LETTERS) private readonly letters: EncryptedContainerClient) {}

  @Put(':name')
  @HttpCode(201)
  @ApiOperation({ summary: 'Write a letter, stored in protocol 1.0' })
  @ApiResponse({ status: 201, type: LetterName })
  @ApiProblems({ 400: 'The name or the text is not valid' })
  async write(@Param() { name }: LetterName, @Body() { text }: Letter): Promise<LetterName> {
    await this.letters.getBlockBlobClient(name).uploadData(Buffer.from(text), {
      blobHTTPHeaders: { blobContentType: 'text/plain; charset=utf-8' },
    });
    return { name };
  }

  @Get(':name')
  @ApiOperation({ summary: 'Read a letter' })
  @ApiResponse({ status: 200, type: Letter })
  @ApiProblems({ 404: 'No such letter' })
  async read(@Param() { name }: LetterName): Promise<Letter> {
    return { text: (await this.letters.getBlockBlobClient(name).downloadToBuffer()).toString() };
  }
}
