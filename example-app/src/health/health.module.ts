import { Controller, Get, Module } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { HealthCheck, type HealthCheckResult, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { EncryptedStorageHealthIndicator } from 'nestjs-azure-encrypted-storage';
import { ClinicSettings } from '../configuration/clinic-settings.js';
import { SCANS } from '../scans/scans.controller.js';

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly storage: EncryptedStorageHealthIndicator,
    private readonly settings: ClinicSettings,
  ) {}

  /** Checks that the services answer and that the key unwraps what it wraps. */
  @Get()
  @HealthCheck()
  check(): Promise<HealthCheckResult> {
    const container = this.settings.nameOf(SCANS);
    const keyTarget = { kind: 'blob', account: 'health', container, blob: 'health' } as const;
    return this.health.check([() => this.storage.isHealthy('storage', { keyTarget })]);
  }
}

@Module({ imports: [TerminusModule], controllers: [HealthController] })
export class HealthModule {}
