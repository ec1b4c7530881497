/** The result of an inspection: facts, anomalies, notes, and whether a key opened the object. */

export type FactValue = string | number | boolean | null | readonly FactValue[] | Facts;
export interface Facts {
  readonly [name: string]: FactValue | undefined;
}

/** Something that no writer produces. */
export interface Anomaly {
  /** Stable name. */
  readonly code: string;
  readonly text: string;
}

export type Verification =
  | {
      readonly verified: true;
      /** Whether integrity entries were verified, or there are none. */
      readonly integrity: 'verified' | 'no entries';
      readonly plaintextBytes: number;
      /** Of an entity. */
      readonly sealedProperties?: readonly string[];
      /** Of an entity whose integrity entries were verified: clear properties that they cover. */
      readonly signedProperties?: readonly string[];
    }
  | { readonly verified: false; readonly code: string; readonly text: string };

/** The result for one blob, message or entity. */
export interface Finding {
  readonly facts: Facts;
  readonly anomalies: readonly Anomaly[];
  readonly notes: readonly string[];
  /** Absent if no key was given. */
  readonly verification?: Verification;
}

export interface Report {
  /** The object that was inspected. */
  readonly inspected: Facts;
  readonly findings: readonly Finding[];
}

export const isFine = ({ findings }: Report): boolean =>
  findings.every(({ anomalies, verification }) => anomalies.length === 0 && verification?.verified !== false);
