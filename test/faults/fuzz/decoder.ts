/** A decoder under test: it creates an input, opens it, and checks the result. */
import type { Finding } from '../outcome.js';
import type { Random } from '../random.js';

export interface Input {
  /** What a failure prints, so that it can become a test. */
  readonly shown: string;
  /** @returns a finding if it opened to a wrong result; throws the errors of the decoder */
  readonly open: () => Promise<Finding | undefined>;
}

export interface Decoder {
  readonly name: string;
  /** Its share of a round's inputs, relative to the others. */
  readonly share: number;
  readonly input: (random: Random) => Input;
}
