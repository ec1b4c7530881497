/** Where `@Encrypt()` must and must not compile. Checked by tsc, never run. */
import { Encrypt } from '../../src/decorators/encrypt.decorator.js';

export class Accepted {
  @Encrypt() text!: string;
  @Encrypt() optional?: string;
  @Encrypt() nullable!: string | null;
  @Encrypt() count!: number;
  @Encrypt() serial!: bigint;
  @Encrypt() active!: boolean;
  @Encrypt({ type: 'date' }) born!: Date | null;
  @Encrypt() scan!: Uint8Array;
  @Encrypt() address!: { readonly city: string };
  @Encrypt() tags!: readonly string[];
  @Encrypt({ type: 'json' }) anything!: unknown;
  @Encrypt({ type: 'json' }) listed!: readonly { readonly code: number }[] | null;
  @Encrypt({ type: 'number' }) oneOf!: number | string | null;
  @Encrypt({ type: 'string' }) literal!: 'a' | 'b';
  @Encrypt({ type: 'binary' }) buffer?: Buffer;
  @Encrypt<Accepted>({ type: 'number', when: (entity) => entity.active }) either?: number | string;
  @Encrypt<Accepted>({ when: (entity) => entity.text !== '' }) sometimes!: string;
}

export class Refused {
  // @ts-expect-error keys stay in plaintext
  @Encrypt() partitionKey!: string;
  // @ts-expect-error keys stay in plaintext
  @Encrypt() rowKey!: string;
  // @ts-expect-error the service sets it
  @Encrypt() timestamp!: string;
  // @ts-expect-error the service sets it
  @Encrypt() etag!: string;
  // @ts-expect-error it is not data to store
  @Encrypt() map!: Map<string, string>;
  // @ts-expect-error it is not data to store
  @Encrypt() set!: Set<string>;
  // @ts-expect-error it is not data to store
  @Encrypt() call!: () => void;
  // @ts-expect-error it is not data to store
  @Encrypt() later!: Promise<string>;
  // @ts-expect-error a string is not a date
  @Encrypt({ type: 'date' }) birthday!: string;
  // @ts-expect-error a number is not a bigint
  @Encrypt({ type: 'bigint' }) sum?: number | null;
  // @ts-expect-error unknown type
  @Encrypt({ type: 'money' }) price!: number;
  // @ts-expect-error a private member is not a key of the class
  @Encrypt() private readonly hidden!: string;
}

/** A user's own decorator needs a declaration. */
export const asDate = Encrypt({ type: 'date' });
type Why<Key extends keyof Refused> = Parameters<typeof asDate<Refused, Key>>[1] extends { readonly reason: infer Text }
  ? Text
  : never;

/** What the compiler prints instead of "never". */
export const reasons: readonly [Why<'rowKey'>, Why<'map'>, Why<'birthday'>] = [
  'keys, timestamp and etag cannot be encrypted',
  'values of this type cannot be stored',
  'this property cannot hold the type given to @Encrypt',
];
