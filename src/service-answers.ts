/** Checks of what the services answer, before any of it is used: proxies empty bodies and drop headers, and leave the status. */
import { InvalidServiceResponseError } from './errors/transfer.js';

/** What the SDKs hand to `onResponse`. */
export interface ServiceAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | undefined };
  readonly bodyAsText?: string | null;
  readonly parsedBody?: unknown;
}

/** The least HTTP status of errors. */
const LEAST_ERROR = 400;

type OnResponse = (answer: ServiceAnswer, flat: unknown, error?: unknown) => void;

/** Throws {@link InvalidServiceResponseError} for an answer that lacks what it must have. */
export type AnswerRule = (answer: ServiceAnswer) => void;

/** Holds the answers of SDK calls to a rule. */
export class CheckedAnswers<Options extends object> {
  /** The options of the call, with the rule behind an `onResponse` of the caller's. */
  readonly options: Options;
  /** Answers that kept the rule. What fails behind one is the reading of it. */
  #accepted = 0;

  constructor(options: Options, rule: AnswerRule) {
    const { onResponse } = options as { readonly onResponse?: OnResponse };
    const checked: OnResponse = (answer, flat, error) => {
      onResponse?.(answer, flat, error);
      // the SDK throws what the service answers with such a status, and does not hand every such error in
      if (error !== undefined || answer.status >= LEAST_ERROR) return;
      rule(answer);
      this.#accepted += 1;
    };
    this.options = { ...options, onResponse: checked };
  }

  /** What a call with {@link CheckedAnswers.options} gives. What the SDK cannot read of an answer it throws by errors without a code. */
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

/** How the SDKs fail on a list whose elements are no objects. */
const isUnreadable = (error: unknown): boolean =>
  error instanceof TypeError && error.message.startsWith('Cannot create property');
