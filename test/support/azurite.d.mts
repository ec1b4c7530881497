export interface Emulator {
  readonly connectionString: string;
  readonly stop: () => Promise<void>;
}
/** PEM files: with them the emulator serves https, and takes unsigned tokens of Microsoft Entra ID for its account. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}
export function startAzurite(certificate?: CertificateFiles): Promise<Emulator>;
