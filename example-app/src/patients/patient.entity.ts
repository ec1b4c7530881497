import { Encrypt, EncryptedEntity, Filterable, Sign } from 'nestjs-azure-encrypted-storage';

/** A patient of a ward. The ward and the number are keys and stay in clear, like the admission date, which is signed. */
@EncryptedEntity<Patient>({ table: 'patients', clear: ['discretion'] })
export class Patient {
  /** What listings may be filtered by. */
  [Filterable]?: 'admitted' | 'discretion';
  /** The ward. */
  partitionKey!: string;
  /** The patient's number. */
  rowKey!: string;
  @Encrypt() name!: string;
  @Encrypt() diagnosis!: string;
  /** `null` where it is not known, which storage does tell. */
  @Encrypt({ type: 'date' }) born?: Date | null;
  /** Encrypted for those who asked for discretion. */
  @Encrypt<Patient>({ when: (patient) => patient.discretion }) room?: string;
  discretion!: boolean;
  /** In clear, so that listings can be filtered by it; nobody else can change it unnoticed. */
  @Sign() admitted!: string;
}
