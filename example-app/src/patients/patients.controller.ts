import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Logger,
  Param,
  Patch,
  PreconditionFailedException,
  Post,
  Put,
  Query,
  Res,
} from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { EncryptedTableClient, InjectEncryptedTable } from 'nestjs-azure-encrypted-storage';
import { judge } from '../http/conditions.js';
import { ApiProblems } from '../http/openapi.js';
import { AdmitPatient, ChangePatient, ListPatients, PatientKeys, ReplacePatient, WardKey } from './patient.dto.js';
import { Patient } from './patient.entity.js';

@ApiTags('patients')
@Controller('patients')
export class PatientsController {
  private readonly logger = new Logger(PatientsController.name);

  constructor(@InjectEncryptedTable(Patient) private readonly patients: EncryptedTableClient<Patient>) {}

  @Post()
  @ApiOperation({ summary: 'Admit a patient' })
  @ApiResponse({ status: 201, type: AdmitPatient })
  @ApiProblems({ 400: 'The patient is not valid', 409: 'The number is taken' })
  async admit(@Body() body: AdmitPatient): Promise<Patient> {
    const patient = patientOf(body, body.partitionKey, body.rowKey);
    await this.patients.createEntity(patient);
    return patient;
  }

  @Get(':ward')
  @ApiOperation({ summary: 'List the patients of a ward' })
  @ApiResponse({ status: 200, type: [AdmitPatient] })
  async list(@Param() { ward }: WardKey, @Query() { since, fields }: ListPatients): Promise<object[]> {
    const patients: object[] = [];
    const onWard = this.patients.where('partitionKey', 'eq', ward);
    const where = since === undefined ? onWard : onWard.and('admitted', 'ge', new Date(since).toISOString());
    const rows = this.patients.listEntities({
      where,
      // what decryption needs beside them is fetched, and taken out again
      ...(fields === undefined ? {} : { queryOptions: { select: ['rowKey', ...fields.split(',')] } }),
      // one patient that cannot be decrypted must not hide the others
      onDecryptionFailed: ({ error }) => this.logger.warn(`A patient was left out: ${error.code}`),
    });
    for await (const row of rows) patients.push(shown(row));
    return patients;
  }

  @Get(':ward/:number')
  @ApiOperation({ summary: 'Read a patient' })
  @ApiHeader({ name: 'If-None-Match', required: false, description: '304 if the patient is unchanged' })
  @ApiResponse({ status: 200, type: AdmitPatient })
  @ApiResponse({ status: 304, description: 'Not modified' })
  @ApiProblems({ 404: 'No such patient' })
  async get(
    @Param() { ward, number }: PatientKeys,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object | undefined> {
    const row = await this.patients.getEntity(ward, number);
    response.set({ ETag: row.etag, 'Cache-Control': 'private, no-cache' });
    const judgement = judge(response.req.headers, { etag: row.etag }, 'read');
    if (judgement === 'failed') throw new PreconditionFailedException('The patient was changed');
    if (judgement === 'proceed') return shown(row);
    response.status(304);
    return undefined;
  }

  @Put(':ward/:number')
  @ApiOperation({ summary: 'Replace a patient' })
  @ApiHeader({ name: 'If-Match', required: false, description: 'Only if nobody changed the patient since' })
  @ApiResponse({ status: 200, type: AdmitPatient })
  @ApiProblems({ 400: 'The patient is not valid', 404: 'No such patient', 412: 'The patient was changed' })
  async replace(
    @Param() { ward, number }: PatientKeys,
    @Body() body: ReplacePatient,
    @Headers('if-match') etag?: string,
  ): Promise<Patient> {
    const patient = patientOf(body, ward, number);
    await this.patients.updateEntity(patient, 'Replace', etag === undefined ? {} : { etag });
    return patient;
  }

  @Patch(':ward/:number')
  @ApiOperation({ summary: 'Change what is given of a patient' })
  @ApiHeader({ name: 'If-Match', required: false, description: 'Only if nobody changed the patient since' })
  @ApiResponse({ status: 200, type: AdmitPatient })
  @ApiProblems({ 400: 'The change is not valid', 404: 'No such patient', 412: 'The patient was changed' })
  async change(
    @Param() { ward, number }: PatientKeys,
    @Body() body: ChangePatient,
    @Headers('if-match') etag?: string,
  ): Promise<object> {
    const change = { ...changesOf(body), partitionKey: ward, rowKey: number };
    await this.patients.updateEntity(change, 'Merge', etag === undefined ? {} : { etag });
    return shown(await this.patients.getEntity(ward, number));
  }

  @Delete(':ward/:number')
  @HttpCode(204)
  @ApiOperation({ summary: 'Discharge a patient' })
  @ApiHeader({ name: 'If-Match', required: false })
  @ApiProblems({ 404: 'No such patient', 412: 'The patient was changed' })
  async discharge(@Param() { ward, number }: PatientKeys, @Headers('if-match') etag?: string): Promise<void> {
    await this.patients.deleteEntity(ward, number, etag === undefined ? {} : { etag });
  }
}

function patientOf(body: ReplacePatient, partitionKey: string, rowKey: string): Patient {
  const { name, diagnosis, discretion } = body;
  const admitted = new Date().toISOString();
  return { admitted, ...changesOf(body), partitionKey, rowKey, name, diagnosis, discretion: discretion ?? false };
}

/** Times as the entity keeps them: one form for all, so that filters compare them. */
function changesOf({ born, admitted, ...given }: ChangePatient): Partial<Patient> {
  return {
    ...given,
    ...(born === undefined ? {} : { born: born === null ? null : new Date(born) }),
    ...(admitted == null ? {} : { admitted: new Date(admitted).toISOString() }),
  };
}

/** The entity without what the SDK adds. */
function shown(row: object): object {
  const {
    etag: _etag,
    timestamp: _timestamp,
    'odata.metadata': _metadata,
    ...patient
  } = row as Record<string, unknown>;
  return patient;
}
