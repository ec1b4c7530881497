import type { CertificateFiles, Emulator } from '../../src/testing/emulator.js';

export type { CertificateFiles, Emulator };
export function startAzurite(certificate?: CertificateFiles): Promise<Emulator>;
