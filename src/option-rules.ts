/**
 * Rules of options as data: one table for each group, whose keys are the names of the options. TypeScript checks a table against
 * its interface, but not what a factory returns, where a misspelt `allowKey` or `unwrapCache` would silently have no effect.
 */
import { LONGEST_TIMER } from './clock.js';
import { InvalidOptionsError } from './errors/input.js';

export interface OptionRule {
  /** The faults of a value, as sentences that begin with the path of the option. The value has not been checked yet. */
  readonly faults: (value: unknown, path: string) => readonly string[];
  /** Smallest and largest value of a number. */
  readonly bounds?: readonly [least: number, most: number];
  /** The options of a group, or of each item of a list of groups. */
  readonly members?: OptionRules | undefined;
}

export type OptionRules = Readonly<Record<string, OptionRule>>;

/** A table with a rule for every member of every form of `T`, and no others. */
export type RulesOf<T> = Readonly<Record<T extends unknown ? keyof T : never, OptionRule>>;

export type LooseOptions = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is LooseOptions => typeof value === 'object' && value !== null;

/** A rule with one sentence. */
export const must = (holds: (value: unknown) => boolean, sentence: string): OptionRule => ({
  faults: (value, path) => (holds(value) ? [] : [`"${path}" must be ${sentence}`]),
});

export const flag = must((value) => typeof value === 'boolean', 'true or false');
export const callable = must((value) => typeof value === 'function', 'a function');
export const text = must((value) => typeof value === 'string' && value !== '', 'a text that is not empty');
export const object = must(isObject, 'an object');

/** Longest name of a container, a queue or a table. */
const MAX_NAME = 63;
const SHOWN_NAME = /^[\w$.[\]-]*$/;

/**
 * How a fault refers to a name that was given: in quotes, unless it is too long for a name, has other characters or looks like a key. A
 * connection string, a token or a key in the wrong place must not get into logs.
 */
export const givenName = (name: unknown): string => (isQuotable(name) ? `"${name}"` : described(name));

/** The same without quotes. */
export const shownName = (name: unknown): string => (isQuotable(name) ? name : described(name));

const isQuotable = (name: unknown): name is string => isShown(name) && !isLikeAKey(name);

export const isShown = (name: unknown): name is string =>
  typeof name === 'string' && name.length <= MAX_NAME && SHOWN_NAME.test(name);

/** As long as 24 bytes in base64url. */
const LONG_RUN = /[\w-]{32,}/g;
const KINDS = [/[a-z]/, /[A-Z]/, /\d/];

/** Whether it has a long run of all three kinds of characters, as random bytes do, and hardly any name. */
const isLikeAKey = (name: string): boolean =>
  (name.match(LONG_RUN) ?? []).some((run) => KINDS.every((kind) => kind.test(run)));

const described = (name: unknown): string =>
  typeof name === 'string' ? `a text of ${name.length} characters` : 'no text';

/** The name of an account in a module. It may have spaces and other letters, but nothing that a connection string or a token has. */
const isAccountName = (value: unknown): boolean =>
  typeof value === 'string' && value !== '' && value.length <= MAX_NAME && !/[=;]/.test(value);

export const accountName = must(isAccountName, `a name of up to ${MAX_NAME} characters without "=" and ";"`);

export const shownAccount = (name: string): string => (isAccountName(name) ? name : described(name));

export const choice = (values: readonly string[]): OptionRule =>
  must(
    (value) => (values as readonly unknown[]).includes(value),
    `one of ${values.map((one) => `"${one}"`).join(', ')}`,
  );

export const wholeNumber = (least: number, most: number, unit = ''): OptionRule =>
  numberRule([least, most], { isFit: Number.isSafeInteger, words: 'a whole number', unit });

/** A time that a timer waits for. */
export const milliseconds = wholeNumber(1, LONGEST_TIMER, ' milliseconds');

export const anyNumber = (least: number, most: number): OptionRule =>
  numberRule([least, most], { isFit: Number.isFinite, words: 'a number', unit: '' });

function numberRule(
  bounds: readonly [number, number],
  { isFit, words, unit }: { isFit: (value: unknown) => boolean; words: string; unit: string },
): OptionRule {
  const [least, most] = bounds;
  const range = most === Number.MAX_SAFE_INTEGER ? `of ${least} or more` : `from ${least} to ${most}`;
  const holds = (value: unknown): boolean => isFit(value) && (value as number) >= least && (value as number) <= most;
  return { ...must(holds, `${words} ${range}${unit}`), bounds };
}

/** An object with these options. `also` finds faults in how they combine. */
export const group = <T>(
  rules: RulesOf<T>,
  also: (given: LooseOptions, path: string) => readonly string[] = () => [],
): OptionRule => ({
  members: rules,
  faults: (value, path) =>
    isObject(value) ? [...also(value, path), ...groupFaults(rules, value, path)] : object.faults(value, path),
});

/** Unknown names, options that would not be read, and the faults of each option. */
export function groupFaults(rules: OptionRules, options: object, path = ''): readonly string[] {
  const faults = Object.entries<unknown>({ ...givenOptions(options) }).flatMap(([name, value]) =>
    Object.hasOwn(rules, name)
      ? (rules[name]?.faults(value, pathOf(path, name)) ?? [])
      : [unknownFault(rules, pathOf(path, name))],
  );
  return [...unreadFaults(rules, options, path), ...faults];
}

/** Levels of options are merged by copying, which a method or an accessor of a class does not survive. */
export const unreadFaults = (rules: OptionRules, given: object, path = ''): readonly string[] =>
  Object.keys(rules)
    .filter(
      (name) => Reflect.get(given, name) !== undefined && !Object.prototype.propertyIsEnumerable.call(given, name),
    )
    .map(
      (name) =>
        `"${pathOf(path, name)}" is a method or an accessor of a class, which is not read: make it a property of the object`,
    );

/** Faults of an object that is not copied, but read where it is. One of a class may have other members, and members in its class. */
export function memberFaults(rules: OptionRules, given: LooseOptions, path: string): readonly string[] {
  const unknown = isPlain(given) ? Object.keys(givenOptions(given)).filter((name) => !Object.hasOwn(rules, name)) : [];
  return [
    ...Object.entries(rules).flatMap(([name, rule]) =>
      given[name] === undefined ? [] : rule.faults(given[name], pathOf(path, name)),
    ),
    ...unknown.map((name) => unknownFault(rules, pathOf(path, name))),
  ];
}

const isPlain = (value: object): boolean => [Object.prototype, null].includes(Object.getPrototypeOf(value) as null);

const unknownFault = (rules: OptionRules, path: string): string =>
  `${givenName(path)} is not an option: the options are ${Object.keys(rules).join(', ')}`;

/** Throws {@link InvalidOptionsError} with all faults, if there are any. */
export function refuse(faults: readonly string[]): void {
  if (faults.length > 0) throw new InvalidOptionsError(faults);
}

const CONNECT = must((value) => typeof value === 'function', 'a function that returns the client of the SDK');

/** For the first parameter of a service, where types are not checked: a client in its place would fail when it is first used. */
export const assertConnect = (connect: unknown, path: string): void => refuse(CONNECT.faults(connect, path));

/** For `import().catch()` of an optional peer. */
export const notInstalled =
  (fault: string) =>
  (cause: unknown): never => {
    throw Object.assign(new InvalidOptionsError([fault]), { cause });
  };

/** The members that are not `undefined`, which counts as left out. */
export const givenOptions = <T extends object>(options: T): Partial<T> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;

const pathOf = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);
