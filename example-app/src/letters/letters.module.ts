import { Module } from '@nestjs/common';
import { EncryptedStorageModule } from 'nestjs-azure-encrypted-storage';
import { LETTERS, LettersController } from './letters.controller.js';

/** Letters are read by an older program that knows protocol 1.0 only: this module has a policy of its own. */
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
