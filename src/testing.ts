/** The entry point `nestjs-azure-encrypted-storage/testing`: what tests need and production does not. */
export { type CertificateFiles, type Emulator, type EmulatorOptions, startEmulator } from './testing/emulator.js';
export { generateAesKey, generateRsaKey } from './testing/generated-keys.js';
export {
  InProcessVault,
  type Material,
  refusal as vaultRefusal,
  type VaultAnswer,
  type VaultOperation,
  type VaultRequest,
} from './testing/in-process-vault.js';
