/** A decoder under test: makes an input, opens it, and knows what may come out. */
import type { Finding } from '../outcome.js';
import type { Random } from '../random.js';

export interface Input {
  /** What a failure prints, so that it can be kept as a test. */
  readonly shown: string;
  /** @returns a finding where it opened to what it must not be; throws what the decoder throws */
  readonly open: () => Promise<Finding | undefined>;
}

export interface Decoder {
  readonly name: string;
  /** How much of a round's inputs it gets, compared with the others. */
  readonly share: number;
  readonly input: (random: Random) => Input;
}
