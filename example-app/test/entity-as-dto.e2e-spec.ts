/** The controller of docs/tables.md, whose class is entity, DTO and schema in one, run unchanged. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type INestApplication, Module, type Type, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import {
  type EncryptedTableClient,
  EncryptedStorageModule,
  getEncryptedTableToken,
} from 'nestjs-azure-encrypted-storage';
import { uniqueTableName } from '../../test/support/azurite.js';
import { docsSample } from '../../test/support/docs-samples.js';
import { optionsOf, SILENT } from '../../test/support/nest.js';

interface Appointment {
  readonly partitionKey: string;
  readonly rowKey: string;
  readonly patient: string;
}

let app: INestApplication;
let url: string;
let table: EncryptedTableClient<Appointment>;

beforeAll(async () => {
  const sample = await docsSample('docs/tables.md', 'AppointmentsController');
  const { Appointment: entity, ChangeAppointment: changes } = sample as Record<string, Type<Appointment>>;
  expect(() => EncryptedStorageModule.forFeature([changes!])).toThrow(
    expect.objectContaining({ code: 'INVALID_ENTITY' }) as Error,
  );
  @Module({
    imports: [
      EncryptedStorageModule.forRoot(optionsOf()),
      EncryptedStorageModule.forFeature({
        tables: [{ entity: entity!, table: uniqueTableName('dto'), createIfNotExists: true }],
      }),
    ],
    controllers: [sample['AppointmentsController'] as Type],
  })
  class AppModule {}
  app = await NestFactory.create(AppModule, { logger: SILENT });
  app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true }));
  await app.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${((app.getHttpServer() as Server).address() as AddressInfo).port}/appointments`;
  table = app.get(getEncryptedTableToken(entity!), { strict: false });
});

afterAll(() => app.close());

const send = (method: string, path: string, body: object) =>
  fetch(url + path, { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });

const given = {
  partitionKey: 'north',
  rowKey: '1',
  patient: 'Jane Doe',
  note: 'secret',
  at: '2026-02-03T04:05:06.000Z',
};

it('validates, stores sealed, changes and returns one class', async () => {
  expect((await send('POST', '', { ...given, unknown: 'dropped' })).status).toBe(201);
  expect((await send('PATCH', '/north/1', { note: 'changed' })).status).toBe(200);

  expect(await (await fetch(`${url}/north/1`)).json()).toMatchObject({ ...given, note: 'changed' });
  const stored = await table.unencryptedClient.getEntity('north', '1');
  expect(stored['at']).toEqual(new Date(given.at));
  expect(JSON.stringify(stored)).not.toMatch(/Jane|secret|changed|dropped/);
});

it('rejects what the class does not allow, also in a derived class', async () => {
  expect((await send('POST', '', { ...given, rowKey: 'a' })).status).toBe(400);
  expect((await send('POST', '', { ...given, at: 'tomorrow' })).status).toBe(400);
  expect((await send('PATCH', '/north/1', { patient: 7 })).status).toBe(400);
});

it('describes the class in the OpenAPI document', () => {
  const { components } = SwaggerModule.createDocument(app, new DocumentBuilder().build());

  expect(components?.schemas?.['Appointment']).toMatchObject({
    required: ['partitionKey', 'rowKey', 'patient', 'at'],
    properties: { patient: { type: 'string' }, at: { type: 'string', format: 'date-time' } },
  });
  expect(components?.schemas?.['ChangeAppointment']).not.toHaveProperty('required');
});
