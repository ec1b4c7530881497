/** The application in this process, with the suite's account in the emulator of this run, or the given settings. */
import { createSecretKey, randomBytes } from 'node:crypto';
import { startClinic } from '../../src/clinic.js';
import { startEmulator } from 'nestjs-azure-encrypted-storage/testing';
import { keyOf, SecretKeys } from '../../src/keys/secret-keys.js';
import type { GivenSettings } from '../../src/configuration/clinic-settings.js';
import { HmacSearchKey } from 'nestjs-azure-encrypted-storage';
import { accountOfSuite, connectionString as ofSuite } from '../../../test/support/azurite.js';

const secret = { keyId: 'clinic:test', secret: createSecretKey(randomBytes(32)) };
const keys = new SecretKeys(secret);
const searchKeys = { write: HmacSearchKey.fromBase64(randomBytes(32).toString('base64')) };
export const KEY = keyOf(secret);
const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };

export interface TestClinic {
  readonly url: string;
  readonly connectionString: string;
  /** A request to the application. */
  call(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

/** `connect` can insert a proxy between the application and its emulator. */
export async function testClinic(
  settings: Partial<GivenSettings> = {},
  connect: (connectionString: string) => Promise<string> = async (direct) => direct,
): Promise<TestClinic> {
  const given = settings.connectionString ?? (accountOfSuite() === undefined ? undefined : ofSuite());
  // an emulator that was already running has one account, which the clinics of several suites would share
  const emulator = given === undefined ? await startEmulator() : null;
  const direct = given ?? emulator?.connectionString ?? '';
  const connectionString = await connect(direct);
  const load = () => ({ keys, searchKeys, ...settings, connectionString });
  const clinic = await startClinic({ demonstration: true, load }, SILENT);
  return {
    url: clinic.url,
    connectionString: direct,
    call: (path, init) => fetch(`${clinic.url}${path}`, init),
    close: async () => {
      await clinic.close();
      await emulator?.stop();
    },
  };
}

export const json = (method: string, body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

export const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());

/** A form with a file, as a browser sends it. */
export function form(name: string, content: Buffer | string, type = 'application/octet-stream'): RequestInit {
  const body = new FormData();
  body.append('scan', new File([content], name, { type }));
  return { method: 'POST', body };
}

/** Bytes without repetitions. */
export const scanOf = (length: number): Buffer => randomBytes(length);
