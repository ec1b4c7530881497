/** The application in this process, over an emulator of its own. */
import { createSecretKey, randomBytes } from 'node:crypto';
import { startClinic } from '../../src/clinic.js';
import { startEmulator } from 'nestjs-azure-encrypted-storage/testing';
import { keyOf, SecretKeys } from '../../src/keys/secret-keys.js';
import { ClinicSettings } from '../../src/settings.js';

const secret = { keyId: 'clinic:test', secret: createSecretKey(randomBytes(32)) };
const keys = new SecretKeys(secret);
export const KEY = keyOf(secret);
const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };

export interface TestClinic {
  readonly url: string;
  readonly connectionString: string;
  /** A request to the application. */
  call(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

/** `connect` may put something between the application and its emulator. */
export async function testClinic(
  settings: Partial<ClinicSettings> = {},
  connect: (connectionString: string) => Promise<string> = async (direct) => direct,
): Promise<TestClinic> {
  const emulator = await startEmulator();
  const connectionString = await connect(emulator.connectionString);
  const clinic = await startClinic(
    new ClinicSettings({ connectionString, keys, demonstration: true, ...settings }),
    0,
    SILENT,
  );
  return {
    url: clinic.url,
    connectionString: emulator.connectionString,
    call: (path, init) => fetch(`${clinic.url}${path}`, init),
    close: async () => {
      await clinic.close();
      await emulator.stop();
    },
  };
}

export const json = (method: string, body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

export const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());

/** Bytes that repeat nowhere. */
export const scanOf = (length: number): Buffer => randomBytes(length);
