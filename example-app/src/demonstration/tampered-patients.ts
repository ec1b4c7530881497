/**
 * What somebody with access to the account could do to the stored row of a patient, and how the application would see
 * it.
 */
import { BadRequestException, Injectable } from '@nestjs/common';
import {
  EncryptedStorageKeys,
  EncryptedTableClient,
  EncryptedTableService,
  type EncryptionPolicy,
  InjectEncryptedTableService,
} from 'nestjs-azure-encrypted-storage';
import { ClinicSettings, PROTOCOL } from '../configuration/clinic-settings.js';
import { Patient, PATIENTS } from '../patients/patient.entity.js';

export interface ChangedProperty {
  readonly before: string;
  readonly after: string;
}

@Injectable()
export class TamperedPatients {
  constructor(
    @InjectEncryptedTableService() private readonly tables: EncryptedTableService,
    private readonly settings: ClinicSettings,
    private readonly vault: EncryptedStorageKeys,
  ) {}

  /** Flips the last bit of a byte, so a second call restores it. */
  async flip(ward: string, number: string, property: string): Promise<ChangedProperty> {
    const rows = this.tables.getUnencryptedTableClient(this.settings.nameOf(PATIENTS));
    const { etag, ...row } = await rows.getEntity(ward, number);
    const stored = row[property];
    const changed = flipped(stored);
    const change = { partitionKey: ward, rowKey: number, [property]: changed };
    await rows.updateEntity(change, 'Merge', { etag });
    return { before: shown(stored), after: shown(changed) };
  }

  /** Stores the same patient like a program that writes no integrity entries. */
  async replaceAsOlderProgram(ward: string, number: string): Promise<void> {
    const verified = await this.under('verify');
    const { etag, ...patient } = await verified.getEntity(ward, number);
    const unverified = await this.under('off');
    await unverified.updateEntity(patient, 'Replace', { etag });
  }

  /** Reads a patient as the application would if it required integrity entries. */
  async required(ward: string, number: string): Promise<Patient> {
    const required = await this.under('require');
    return required.getEntity(ward, number);
  }

  private async under(integrity: NonNullable<EncryptionPolicy['integrity']>): Promise<EncryptedTableClient<Patient>> {
    const { keys: clinic, searchKeys } = this.settings;
    const { ofClinic, ofWards } = clinic;
    const { keyVault, ...keys } = { ...ofClinic, ...ofWards };
    const policy = {
      protocol: PROTOCOL,
      requireEncryption: true,
      integrity,
      ...{ ...keys, searchKeys },
      ...(keyVault === undefined ? {} : { keyVault: await this.vault.vaultOf(keyVault) }),
    } as const;
    return new EncryptedTableClient(
      this.tables.getUnencryptedTableClient(this.settings.nameOf(PATIENTS)),
      policy,
      Patient,
    );
  }
}

function flipped(stored: unknown): Buffer | Date | string {
  if (stored instanceof Date) return new Date(stored.getTime() + (stored.getTime() % 2 === 0 ? 1 : -1));
  if (stored instanceof Uint8Array) {
    const bytes = Buffer.from(stored);
    bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0);
    return bytes;
  }
  if (typeof stored !== 'string' || stored === '') throw new BadRequestException('The row has no such bytes or text');
  return String.fromCharCode(stored.charCodeAt(0) ^ 1) + stored.slice(1);
}

function shown(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex').slice(0, 2) : String(value);
}
