/** Form files stored as encrypted blobs, behind Express (Multer) and Fastify (@fastify/multipart). */
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { connect } from 'node:net';
import {
  Body,
  Controller,
  type CallHandler,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
  Module,
  Post,
  UploadedFile,
  UploadedFiles,
  UseInterceptors,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, FilesInterceptor } from '@nestjs/platform-express';
import { BlobServiceClient } from '@azure/storage-blob';
import { finalize, type Observable } from 'rxjs';
import {
  EncryptedBlobService,
  type EncryptedContainerClient,
  type EncryptedFile,
  EncryptedFileInterceptor,
  EncryptedMulterStorage,
  getEncryptedContainerToken,
  type IncomingFile,
} from 'nestjs-azure-encrypted-storage';
import { connectionString, uniqueName } from '../support/azurite.js';
import { content, policyOf } from '../support/blobs.js';
import { type ListeningApp, listening, PLATFORMS } from '../support/http-apps.js';
import { SILENT } from '../support/nest.js';

const CONTAINER = uniqueName('received');
const MAX_BYTES = 5_000_000;

interface Stored {
  readonly file?: EncryptedFile;
  readonly body?: unknown;
}

/** Emits `begun` and `settled`. */
const requests = new EventEmitter();

class ReportingInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    requests.emit('begun');
    return next.handle().pipe(finalize(() => requests.emit('settled')));
  }
}

@Controller()
@UseInterceptors(ReportingInterceptor)
class UploadsController {
  @Post('random')
  @UseInterceptors(EncryptedFileInterceptor('scan', CONTAINER, { maxBytes: MAX_BYTES }))
  random(@UploadedFile() file: EncryptedFile | undefined, @Body() body: unknown): Stored {
    return { ...(file === undefined ? {} : { file }), body: { ...(body as object) } };
  }

  @Post('named')
  @UseInterceptors(
    EncryptedFileInterceptor('scan', CONTAINER, {
      blobName: ({ originalname }: IncomingFile, { headers }: { headers: Record<string, string> }) =>
        `${headers['x-ward']}/${originalname}`,
      contentType: () => Promise.resolve('application/dicom'),
      metadata: ({ mimetype }) => ({ announced: mimetype }),
    }),
  )
  named(@UploadedFile() file: EncryptedFile): Stored {
    return { file };
  }

  @Post('replacing')
  @UseInterceptors(
    EncryptedFileInterceptor('scan', CONTAINER, { replace: true, blobName: () => 'same', maxBytes: MAX_BYTES }),
  )
  replacing(@UploadedFile() file: EncryptedFile): Stored {
    return { file };
  }
}

function form(bytes: Buffer, field = 'scan', fields: Record<string, string> = {}): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  data.append(field, new Blob([bytes], { type: 'image/png' }), 'a scan.png');
  return data;
}

const namesIn = async (container: EncryptedContainerClient): Promise<string[]> => {
  const names: string[] = [];
  for await (const { name } of container.listBlobsFlat({ includeUncommitedBlobs: false, includeSnapshots: true }))
    names.push(name);
  return names;
};

describe.each(PLATFORMS)('%s', (platform) => {
  let running: ListeningApp;
  let container: EncryptedContainerClient;

  beforeAll(async () => {
    running = await listening(platform, UploadsController, CONTAINER);
    container = running.app.get<EncryptedContainerClient>(getEncryptedContainerToken(CONTAINER), { strict: false });
  });

  afterAll(() => running.app.close());

  const post = async (path: string, body: FormData, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${running.url}/${path}`, { method: 'POST', body, headers });
    return { status: answer.status, body: (await answer.json()) as Stored };
  };

  it.each([0, 1, 4 * 1024 * 1024, MAX_BYTES])(
    'stores a file of %d bytes and injects its description',
    async (length) => {
      const bytes = content(length);

      const { status, body } = await post('random', form(bytes, 'scan', { ward: 'north' }));

      expect(status).toBe(201);
      expect(body).toMatchObject({
        file: {
          fieldname: 'scan',
          originalname: 'a scan.png',
          mimetype: 'image/png',
          size: length,
          container: CONTAINER,
          blobName: expect.stringMatching(/^[\da-f-]{36}$/) as string,
          etag: expect.stringMatching(/^".*"$/) as string,
          integrityTag: expect.any(String) as string,
        },
        body: { ward: 'north' },
      });
      const client = container.getBlockBlobClient(body.file?.blobName ?? '');
      expect((await client.downloadToBuffer()).equals(bytes)).toBe(true);
      expect(await client.getProperties()).toMatchObject({
        encrypted: true,
        contentType: 'image/png',
        etag: body.file?.etag,
      });
    },
  );

  it('lets the application name and describe the blob', async () => {
    const ward = randomUUID();

    const { body } = await post('named', form(Buffer.from('content')), { 'x-ward': ward });

    expect(body.file?.blobName).toBe(`${ward}/a scan.png`);
    const properties = await container.getBlockBlobClient(`${ward}/a scan.png`).getProperties();
    expect(properties).toMatchObject({ contentType: 'application/dicom', metadata: { announced: 'image/png' } });
  });

  it('keeps an existing blob of the same name', async () => {
    const ward = randomUUID();
    await post('named', form(Buffer.from('first')), { 'x-ward': ward });

    const { status } = await post('named', form(Buffer.from('second')), { 'x-ward': ward });

    expect(status).toBe(409);
    expect((await container.getBlockBlobClient(`${ward}/a scan.png`).downloadToBuffer()).toString()).toBe('first');
  });

  it('stores nothing of a file that is too long, and keeps the existing blob', async () => {
    await post('replacing', form(Buffer.from('old')));
    const before = await namesIn(container);

    for (const path of ['random', 'replacing']) {
      expect((await post(path, form(content(MAX_BYTES + 1)))).status).toBe(413);
    }

    expect(await namesIn(container)).toEqual(before);
    expect((await container.getBlockBlobClient('same').downloadToBuffer()).toString()).toBe('old');
    expect((await post('replacing', form(Buffer.from('new')))).status).toBe(201);
    expect((await container.getBlockBlobClient('same').downloadToBuffer()).toString()).toBe('new');
  });

  it.each([10, 3_000_000])('stores nothing of a form with a second file of %d bytes, and responds', async (length) => {
    await post('replacing', form(Buffer.from('kept')));
    for (const field of ['scan', 'other']) {
      const body = form(Buffer.from('lost'));
      body.append(field, new Blob([content(length)]), 'second');

      expect((await post('replacing', body)).status).toBe(400);
    }

    expect(String(await container.getBlockBlobClient('same').downloadToBuffer())).toBe('kept');
  });

  it('stores nothing of a form with an unexpected file', async () => {
    const before = await namesIn(container);
    const twice = form(Buffer.from('one'));
    twice.append('scan', new Blob(['two']), 'two');

    expect((await post('random', form(Buffer.from('content'), 'other'))).status).toBe(400);
    expect((await post('random', twice)).status).toBe(400);

    expect(await namesIn(container)).toEqual(before);
  });

  it('accepts a form without the file, and a request that is not a form', async () => {
    const data = new FormData();
    data.append('ward', 'north');

    expect(await post('random', data)).toEqual({ status: 201, body: { body: { ward: 'north' } } });
    const json = await fetch(`${running.url}/random`, {
      method: 'POST',
      body: '{"ward":"south"}',
      headers: { 'content-type': 'application/json' },
    });
    expect(await json.json()).toEqual({ body: { ward: 'south' } });
  });

  it.each([
    ['in the file', 'half of the fi'],
    ['after the file', 'content\r\n--b\r\ncontent-disposition: form-data; name="ward"\r\n\r\nnor'],
  ])('stores nothing if the client disconnects %s, and keeps the existing blob', async (_where, sent) => {
    await post('replacing', form(Buffer.from('old')));
    const before = await namesIn(container);
    const { hostname, port } = new URL(running.url);

    const begun = once(requests, 'begun');
    const socket = connect(Number(port), hostname);
    const head =
      'POST /replacing HTTP/1.1\r\nhost: a\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: 9000\r\n\r\n' +
      '--b\r\ncontent-disposition: form-data; name="scan"; filename="a"\r\ncontent-type: text/plain\r\n\r\n';
    await new Promise((resolve) => socket.write(head + sent, resolve));
    const settled = once(requests, 'settled');
    await begun;
    socket.destroy();
    await settled;

    expect(await namesIn(container)).toEqual(before);
    expect((await container.getBlockBlobClient('same').downloadToBuffer()).toString()).toBe('old');
  });
});

describe('EncryptedMulterStorage', () => {
  const container = new EncryptedBlobService(
    () => BlobServiceClient.fromConnectionString(connectionString()),
    policyOf('2.0'),
  ).getContainerClient(uniqueName('several'));
  const storage = new EncryptedMulterStorage(container, { maxBytes: 100 });

  @Controller()
  class FilesController {
    @Post()
    @UseInterceptors(FilesInterceptor('scans', 3, { storage, limits: { fileSize: 50 } }))
    add(@UploadedFiles() files: EncryptedFile[]): string[] {
      return files.map(({ blobName }) => blobName);
    }
  }
  @Module({ controllers: [FilesController] })
  class AppModule {}
  let app: INestApplication;

  beforeAll(async () => {
    await container.createIfNotExists();
    app = await NestFactory.create(AppModule, new ExpressAdapter(), { logger: SILENT });
    await app.listen(0, '127.0.0.1');
  });

  afterAll(() => app.close());

  const send = async (...lengths: number[]): Promise<Response> => {
    const body = new FormData();
    lengths.forEach((length, index) => {
      body.append('scans', new Blob([content(length)]), `file ${index}`);
    });
    return fetch(await app.getUrl(), { method: 'POST', body });
  };

  it.each([
    ['is over the limit of Multer', [10, 60], 413],
    ['is over its own limit', [10, 5, 101], 413],
    ['is one too many', [1, 2, 3, 4], 400],
  ])('stores no file of a form if one of them %s', async (_what, lengths, status) => {
    expect((await send(...lengths)).status).toBe(status);

    expect(await namesIn(container)).toEqual([]);
  });

  it('stores all files of a form', async () => {
    const stored = (await (await send(10, 20, 0)).json()) as string[];

    expect((await namesIn(container)).sort()).toEqual([...stored].sort());
    expect((await container.getBlockBlobClient(stored[1] ?? '').downloadToBuffer()).equals(content(20))).toBe(true);
    await Promise.all(stored.map((name) => container.getBlockBlobClient(name).delete()));
  });

  it('reports all invalid options at once', () => {
    expect(() => new EncryptedMulterStorage(container, { maxBytes: -1, replace: 'yes' } as never)).toThrow(
      /"maxBytes" must be .*; "replace" must be true or false/,
    );
    expect(() => EncryptedFileInterceptor('scan', 'scans', { maxbytes: 1 } as never)).toThrow(
      /"maxbytes" is not an option/,
    );
  });
});
