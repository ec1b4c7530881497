import { type DynamicModule, Module } from '@nestjs/common';
import { EncryptedStorageModule } from 'nestjs-azure-encrypted-storage';
import type { ClinicKeys } from './keys/clinic-keys.js';
import { LettersModule } from './letters/letters.module.js';
import { PatientsModule } from './patients/patients.module.js';
import { ReferralsModule } from './referrals/referrals.module.js';
import { ScansModule } from './scans/scans.module.js';
import { StorageModule } from './storage/storage.module.js';

/** A small clinic: scans are blobs, referrals are messages, patients are entities. */
@Module({ imports: [ScansModule, ReferralsModule, PatientsModule, LettersModule, StorageModule] })
export class AppModule {
  static with(connectionString: string, keys: ClinicKeys): DynamicModule {
    return {
      module: AppModule,
      imports: [
        EncryptedStorageModule.forRoot({
          connection: { connectionString },
          encryption: { protocol: '2.0', keyEncryptionKey: keys.writing, keyResolver: keys.older },
        }),
      ],
    };
  }
}
