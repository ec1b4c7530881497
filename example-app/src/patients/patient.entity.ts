import { Encrypt } from 'nestjs-azure-encrypted-storage';

/** A patient of a ward. The ward and the number are keys and stay in clear, like the admission date. */
export class Patient {
  /** The ward. */
  partitionKey!: string;
  /** The patient's number. */
  rowKey!: string;
  @Encrypt() name!: string;
  @Encrypt() diagnosis!: string;
  /** Encrypted for those who asked for discretion. */
  @Encrypt<Patient>({ when: (patient) => patient.discretion }) room?: string;
  discretion!: boolean;
  admitted!: string;
}
