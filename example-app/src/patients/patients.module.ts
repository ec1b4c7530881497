import { Module } from '@nestjs/common';
import { EncryptedStorageModule } from 'nestjs-azure-encrypted-storage';
import { Patient } from './patient.entity.js';
import { PatientsController } from './patients.controller.js';

@Module({
  imports: [
    EncryptedStorageModule.forFeature({ tables: [{ entity: Patient, table: 'patients', createIfNotExists: true }] }),
  ],
  controllers: [PatientsController],
})
export class PatientsModule {}
