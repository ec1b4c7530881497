import { Body, Controller, Delete, Get, HttpCode, Logger, Param, Patch, Post, Put, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { EncryptedTableClient, InjectEncryptedTable } from 'nestjs-azure-encrypted-storage';
import { type Condition, IfMatch } from '../http/if-match.js';
import { ApiProblems } from '../http/openapi.js';
import { Traced } from '../tracing/traced.interceptor.js';
import {
  ChangePatient,
  FindPatients,
  FoundPatients,
  ListPatients,
  PatientKeys,
  ReplacePatient,
  WardKey,
} from './patient.dto.js';
import { Patient } from './patient.entity.js';
import { sentFilters } from './sent-filters.js';

type ListingOptions = Parameters<EncryptedTableClient<Patient>['listEntities']>[0];

@Traced()
@ApiTags('patients')
@Controller('patients')
export class PatientsController {
  private readonly logger = new Logger(PatientsController.name);

  constructor(@InjectEncryptedTable(Patient) private readonly patients: EncryptedTableClient<Patient>) {}

  @Post()
  @ApiOperation({ summary: 'Admit a patient' })
  @ApiResponse({ status: 201, type: Patient })
  @ApiProblems({ 400: 'The patient is not valid', 409: 'The number is taken' })
  async admit(@Body() given: Patient): Promise<Patient> {
    const patient = Object.assign(unlessGiven(), given);
    await this.patients.createEntity(patient);
    return patient;
  }

  @Post('search')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Find patients by sealed properties',
    description:
      'By social security number in the entire clinic, or by name in a ward. In the body, because URLs end up in logs.',
  })
  @ApiResponse({ status: 200, type: FoundPatients })
  @ApiProblems({ 400: 'There are no search criteria, or a name without its ward' })
  async find(@Body() wanted: FindPatients): Promise<FoundPatients> {
    const { result, asked } = await sentFilters.of(() => this.all({ where: this.filterOf(wanted) }));
    return { patients: result, asked };
  }

  @Get(':ward')
  @ApiOperation({ summary: 'List the patients of a ward' })
  @ApiResponse({ status: 200, type: [Patient] })
  list(@Param() { ward }: WardKey, @Query() { since, fields }: ListPatients): Promise<Patient[]> {
    const onWard = this.patients.where('partitionKey', 'eq', ward);
    const where = since === undefined ? onWard : onWard.and('admitted', 'ge', since);
    // other properties needed for decryption are fetched too, and removed again
    return this.all({
      where,
      ...(fields === undefined ? {} : { queryOptions: { select: ['rowKey', ...fields.split(',')] } }),
    });
  }

  @Get(':ward/:number')
  @ApiOperation({ summary: 'Read a patient' })
  @ApiHeader({ name: 'If-None-Match', required: false, description: '304 if the patient is unchanged' })
  @ApiResponse({ status: 200, type: Patient })
  @ApiResponse({ status: 304, description: 'Not modified' })
  @ApiProblems({ 404: 'No such patient' })
  async get(@Param() { ward, number }: PatientKeys, @Res({ passthrough: true }) response: Response): Promise<Patient> {
    const row = await this.patients.getEntity(ward, number);
    // Express compares the ETag with that of the request
    response.set({ ETag: row.etag, 'Cache-Control': 'private, no-cache' });
    return shown(row);
  }

  @Put(':ward/:number')
  @ApiOperation({ summary: 'Replace a patient' })
  @ApiHeader({ name: 'If-Match', required: false, description: 'Only if the patient has not changed since' })
  @ApiResponse({ status: 200, type: Patient })
  @ApiProblems({ 400: 'The patient is not valid', 404: 'No such patient', 412: 'The patient was changed' })
  async replace(
    @Param() { ward, number }: PatientKeys,
    @Body() given: ReplacePatient,
    @IfMatch() condition: Condition,
  ): Promise<Patient> {
    const patient = Object.assign(unlessGiven(), given, { partitionKey: ward, rowKey: number });
    await this.patients.updateEntity(patient, 'Replace', condition);
    return patient;
  }

  @Patch(':ward/:number')
  @ApiOperation({ summary: 'Change some properties of a patient' })
  @ApiHeader({ name: 'If-Match', required: false, description: 'Only if the patient has not changed since' })
  @ApiResponse({ status: 200, type: Patient })
  @ApiProblems({ 400: 'The change is not valid', 404: 'No such patient', 412: 'The patient was changed' })
  async change(
    @Param() { ward, number }: PatientKeys,
    @Body() changes: ChangePatient,
    @IfMatch() condition: Condition,
  ): Promise<Patient> {
    const change = Object.assign(changes, { partitionKey: ward, rowKey: number });
    await this.patients.updateEntity(change, 'Merge', condition);
    return shown(await this.patients.getEntity(ward, number));
  }

  @Delete(':ward/:number')
  @HttpCode(204)
  @ApiOperation({ summary: 'Discharge a patient' })
  @ApiHeader({ name: 'If-Match', required: false })
  @ApiProblems({ 400: 'The condition is not valid', 404: 'No such patient', 412: 'The patient was changed' })
  async discharge(@Param() { ward, number }: PatientKeys, @IfMatch() condition: Condition): Promise<void> {
    await this.patients.deleteEntity(ward, number, condition);
  }

  private filterOf({ ssn = '', name, ward = '' }: FindPatients) {
    if (name === undefined) return this.patients.where('ssn', 'eq', ssn);
    return this.patients.where('partitionKey', 'eq', ward).and('name', 'eq', name);
  }

  private async all(options: ListingOptions): Promise<Patient[]> {
    const patients: Patient[] = [];
    const rows = this.patients.listEntities({
      ...options,
      // one patient that cannot be decrypted must not hide the others
      onDecryptionFailed: ({ error }) => this.logger.warn(`A patient was skipped: ${error.code}`),
    });
    for await (const row of rows) patients.push(shown(row));
    return patients;
  }
}

const unlessGiven = (): Pick<Patient, 'admitted' | 'discretion'> => ({ admitted: new Date(), discretion: false });

/** The entity without the properties added by the SDK. */
function shown(row: Patient): Patient {
  const {
    etag: _etag,
    timestamp: _timestamp,
    'odata.metadata': _metadata,
    ...patient
  } = row as Patient & Record<string, unknown>;
  return patient;
}
