/**
 * Builds the bundles of docs/deploying.md as it describes, from the packed tarball, and runs them against an emulator:
 * blobs (on a thread too), messages and rows. `tools/check-package.mjs` calls this with the folder in which the tarball
 * is installed.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import * as esbuild from 'esbuild';
import ts from 'typescript';
import webpack from 'webpack';
import { startAzurite } from '../test/support/azurite.mjs';
import { blocksOf, textOf } from './markdown.mjs';

const PAGE = 'docs/deploying.md';

const MAIN = `
import { NestFactory } from '@nestjs/core';
import {
  EncryptedStorageModule, EncryptedBlobService, getEncryptedQueueToken, getEncryptedTableToken, AesKeyEncryptionKey,
} from 'nestjs-azure-encrypted-storage';
import { Patient, StorageModule } from './storage.module.js';

const logger = ['error', 'warn'];
const app = await NestFactory.createApplicationContext(StorageModule, { logger });
const queue = app.get(getEncryptedQueueToken('referrals'), { strict: false });
await queue.sendMessage('bundled');
const { receivedMessageItems: [message] } = await queue.receiveMessages();
await queue.deleteMessage(message.messageId, message.popReceipt);
const patients = app.get(getEncryptedTableToken(Patient), { strict: false });
await patients.createEntity({ partitionKey: 'p', rowKey: process.argv[2], name: 'bundled' });
const row = await patients.getEntity('p', process.argv[2]);
const sealed = await patients.unencryptedClient.getEntity('p', process.argv[2]);
await app.close();

const connection = { connectionString: process.env.AZURE_STORAGE_CONNECTION_STRING };
const encryption = { protocol: '2.0', keyEncryptionKey: AesKeyEncryptionKey.generate('bundled') };
const threaded = await NestFactory.createApplicationContext(
  EncryptedStorageModule.forRoot({ connection, encryption, blob: { workers: 1 } }), { logger });
const blob = threaded.get(EncryptedBlobService).getContainerClient('scans').getBlockBlobClient(process.argv[2]);
const content = Buffer.alloc(9_000_000, 'bundled');
await blob.uploadData(content);
const isSame = content.equals(await blob.downloadToBuffer());
await threaded.close();

console.log([message.messageText, row.name, sealed.name instanceof Uint8Array, isSame].join(' '));
`;
const EXPECTED = 'bundled bundled true true';

/** Bundles a program in a folder in which the tarball is installed, and runs the result. */
export async function checkBundles(folder) {
  writeSources(folder);
  const { options } = await configurationOf('esbuild.options', folder);
  const { configuration } = await configurationOf('webpack.config', folder);
  const emulator = await startAzurite();
  try {
    await esbuild.build({ ...options, absWorkingDir: folder, logLevel: 'error' });
    await runBundle(join(folder, options.outfile), emulator);
    const path = join(folder, 'webpacked');
    await packed({ ...configuration, context: folder, output: { ...configuration.output, path } });
    await runBundle(join(path, configuration.output.filename), emulator);
  } finally {
    await emulator.stop();
  }
}

/** A code block of the page, by the name in its first line. */
function sampleOf(name) {
  const found = blocksOf(textOf(PAGE)).find(({ code }) => code.startsWith(`// ${name}.ts\n`));
  if (found === undefined) throw new Error(`${PAGE} has no sample ${name}.ts`);
  return compiled(found.code);
}

const compiled = (source) =>
  ts.transpileModule(source, {
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    },
  }).outputText;

function writeSources(folder) {
  mkdirSync(join(folder, 'dist'));
  writeFileSync(join(folder, 'dist', 'package.json'), JSON.stringify({ type: 'module' }));
  writeFileSync(join(folder, 'dist', 'storage.module.js'), sampleOf('storage.module'));
  writeFileSync(join(folder, 'dist', 'main.js'), MAIN);
}

/** The exports of a configuration on the page. The bundlers are those of this project. */
async function configurationOf(name, folder) {
  const bundler = pathToFileURL(import.meta.dirname + '/../node_modules/webpack/lib/index.js').href;
  const path = join(folder, `${name}.mjs`);
  writeFileSync(path, sampleOf(name).replace("'webpack'", JSON.stringify(bundler)));
  return import(pathToFileURL(path).href);
}

async function packed(configuration) {
  const compiler = webpack(configuration);
  const stats = await promisify(compiler.run.bind(compiler))();
  await promisify(compiler.close.bind(compiler))();
  if (stats.hasErrors()) throw new Error(stats.toString({ all: false, errors: true }));
}

async function runBundle(path, emulator) {
  const env = {
    PATH: process.env.PATH,
    AZURE_STORAGE_CONNECTION_STRING: emulator.connectionString,
    CLINIC_KEY: randomBytes(32).toString('base64'),
  };
  const name = `row-${randomBytes(6).toString('hex')}`;
  const { stdout } = await promisify(execFile)(process.execPath, [path, name], { env }).catch(({ stderr }) => {
    // the output starts with the line of the bundle, which contains all of it
    throw new Error(`${path} failed: ...${stderr.slice(-2000)}`);
  });
  if (stdout.trim() !== EXPECTED) throw new Error(`${path} printed ${stdout}`);
  console.log(`a bundle of ${statSync(path).size} bytes works: ${path.split('/').slice(-2).join('/')}`);
}
