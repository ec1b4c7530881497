/**
 * Checks responses of the services before any part of them is used: proxies may empty bodies and drop headers but keep the
 * status.
 */
import { InvalidServiceResponseError } from './errors/transfer.js';

/** What the SDKs pass to `onResponse`. */
export interface ServiceAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | undefined };
  readonly bodyAsText?: string | null;
  readonly parsedBody?: unknown;
}

/** The lowest HTTP status of an error. */
const LEAST_ERROR = 400;

type OnResponse = (answer: ServiceAnswer, flat: unknown, error?: unknown) => void;

/** Throws {@link InvalidServiceResponseError} if a response lacks a required part. */
export type AnswerRule = (answer: ServiceAnswer) => void;

/** Checks the responses of SDK calls against a rule. */
export class CheckedAnswers<Options extends object> {
  /** The options of the call, with the rule after the caller's `onResponse`. */
  readonly options: Options;
  /** Number of responses that passed the rule. If the call fails after one, the SDK could not read it. */
  #accepted = 0;

  constructor(options: Options, rule: AnswerRule) {
    const { onResponse } = options as { readonly onResponse?: OnResponse };
    const checked: OnResponse = (answer, flat, error) => {
      onResponse?.(answer, flat, error);
      // the SDK throws for such a status itself, and does not pass every such error to `onResponse`
      if (error !== undefined || answer.status >= LEAST_ERROR) return;
      rule(answer);
      this.#accepted += 1;
    };
    this.options = { ...options, onResponse: checked };
  }

  /** Runs a call with {@link CheckedAnswers.options}. If the SDK cannot read a response, it throws an error without a code. */
  async of<Result>(call: () => Promise<Result>): Promise<Result> {
    const before = this.#accepted;
    try {
      return await call();
    } catch (error) {
      if (this.#accepted > before || isUnreadable(error))
        throw new InvalidServiceResponseError('holds values that cannot be read');
      throw error;
    }
  }
}

/** How the SDKs fail on a list whose elements are not objects. */
const isUnreadable = (error: unknown): boolean =>
  error instanceof TypeError && error.message.startsWith('Cannot create property');
