import { BadRequestException, Body, Controller, Delete, Get, HttpCode, Param, Post, Put } from '@nestjs/common';
import { EncryptedTableClient, InjectEncryptedTable } from 'nestjs-azure-encrypted-storage';
import { Patient } from './patient.entity.js';

@Controller('patients')
export class PatientsController {
  constructor(@InjectEncryptedTable(Patient) private readonly patients: EncryptedTableClient<Patient>) {}

  @Post()
  async admit(@Body() body: Partial<Patient>): Promise<Patient> {
    const patient = patientOf(body.partitionKey, body.rowKey, body);
    await this.patients.createEntity(patient);
    return patient;
  }

  @Get(':ward')
  async list(@Param('ward') ward: string): Promise<Patient[]> {
    const patients: Patient[] = [];
    const filter = `PartitionKey eq '${ward.replaceAll("'", "''")}'`;
    for await (const patient of this.patients.listEntities({ queryOptions: { filter } })) patients.push(patient);
    return patients;
  }

  @Get(':ward/:number')
  get(@Param('ward') ward: string, @Param('number') number: string): Promise<Patient> {
    return this.patients.getEntity(ward, number);
  }

  @Put(':ward/:number')
  async replace(
    @Param('ward') ward: string,
    @Param('number') number: string,
    @Body() body: Partial<Patient>,
  ): Promise<Patient> {
    const patient = patientOf(ward, number, body);
    await this.patients.updateEntity(patient, 'Replace');
    return patient;
  }

  @Delete(':ward/:number')
  @HttpCode(204)
  async discharge(@Param('ward') ward: string, @Param('number') number: string): Promise<void> {
    await this.patients.deleteEntity(ward, number);
  }
}

function patientOf(partitionKey: unknown, rowKey: unknown, body: Partial<Patient>): Patient {
  const { name, diagnosis, room, discretion = false, admitted = new Date().toISOString() } = body;
  const texts = { partitionKey, rowKey, name, diagnosis, admitted };
  const missing = Object.entries(texts).filter(([, value]) => typeof value !== 'string' || value === '');
  if (missing.length > 0)
    throw new BadRequestException(`Give these as text: ${missing.map(([field]) => field).join(', ')}`);
  if (typeof discretion !== 'boolean') throw new BadRequestException('"discretion" is true or false');
  return { ...(texts as Omit<Patient, 'discretion' | 'room'>), discretion, ...(room === undefined ? {} : { room }) };
}
