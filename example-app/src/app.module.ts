import { type DynamicModule, Module } from '@nestjs/common';
import { EncryptedStorageModule } from 'nestjs-azure-encrypted-storage';
import { AboutController } from './about.controller.js';
import { type ClinicSettings, PROTOCOL } from './configuration/clinic-settings.js';
import { CLINIC, type ClinicConfiguration, ConfigurationModule } from './configuration/configuration.module.js';
import { DemonstrationModule } from './demonstration/demonstration.module.js';
import { HealthModule } from './health/health.module.js';
import { LettersModule } from './letters/letters.module.js';
import { MaintenanceModule } from './maintenance/maintenance.module.js';
import { PatientsModule } from './patients/patients.module.js';
import { sentFilters } from './patients/sent-filters.js';
import { ReferralsModule } from './referrals/referrals.module.js';
import { ScansModule } from './scans/scans.module.js';
import { StorageModule } from './storage/storage.module.js';
import { TracingModule } from './tracing/tracing.module.js';

/** A small clinic: scans are blobs, referrals are messages, patients are entities. */
@Module({})
export class AppModule {
  static with(configuration: ClinicConfiguration): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigurationModule.load(configuration),
        EncryptedStorageModule.forRootAsync({
          inject: [CLINIC],
          useFactory: ({ connectionString, keys }: ClinicSettings) => ({
            connection: { connectionString },
            encryption: { protocol: PROTOCOL, ...keys.ofClinic },
            queue: { traceContext: true },
            table: { clientOptions: { additionalPolicies: [sentFilters.recorded] } },
          }),
        }),
        ...[ScansModule, ReferralsModule, PatientsModule, LettersModule, StorageModule, MaintenanceModule],
        ...[HealthModule, TracingModule, ...(configuration.demonstration ? [DemonstrationModule] : [])],
      ],
      controllers: [AboutController],
    };
  }
}
