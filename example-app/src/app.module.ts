import { type DynamicModule, Module } from '@nestjs/common';
import { EncryptedStorageModule } from 'nestjs-azure-encrypted-storage';
import { AboutController } from './about.controller.js';
import { DemonstrationModule } from './demonstration/demonstration.module.js';
import { LettersModule } from './letters/letters.module.js';
import { MaintenanceModule } from './maintenance/maintenance.module.js';
import { PatientsModule } from './patients/patients.module.js';
import { ReferralsModule } from './referrals/referrals.module.js';
import { ScansModule } from './scans/scans.module.js';
import { ClinicSettings, PROTOCOL } from './settings.js';
import { StorageModule } from './storage/storage.module.js';

/** A small clinic: scans are blobs, referrals are messages, patients are entities. */
@Module({})
export class AppModule {
  static with(settings: ClinicSettings): DynamicModule {
    const { connectionString, keys, demonstration } = settings;
    return {
      module: AppModule,
      global: true,
      imports: [
        EncryptedStorageModule.forRoot({
          connection: { connectionString },
          encryption: { protocol: PROTOCOL, ...keys.ofClinic },
        }),
        ...[ScansModule, ReferralsModule, PatientsModule.with(keys), LettersModule, StorageModule],
        MaintenanceModule.with(keys),
        ...(demonstration ? [DemonstrationModule] : []),
      ],
      controllers: [AboutController],
      providers: [{ provide: ClinicSettings, useValue: settings }],
      exports: [ClinicSettings],
    };
  }
}
