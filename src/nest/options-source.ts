/** Where options or settings come from: a value, a factory, a class or a provider. */
import type { ConfigurableModuleAsyncOptions, DynamicModule, InjectionToken, Provider, Type } from '@nestjs/common';
import { InvalidOptionsError } from '../errors/input.js';

export interface SettingsSource {
  readonly imports: NonNullable<DynamicModule['imports']>;
  /** Provides them under a token. */
  readonly providersOf: (token: InjectionToken) => Provider[];
}

/** How the result is obtained and checked. */
interface Answer<T> {
  readonly method: 'forRootAsync' | 'forFeatureAsync';
  /** Calls the object that `useClass` or `useExisting` provides. */
  readonly ask: (factory: never) => T | Promise<T>;
  readonly check: (answer: T) => void;
}

/** A value. It is wrapped in a function, so that Nest 10 does not put secrets into its module ids. */
export const givenSource = <T>(value: T, check: (value: T) => void = () => undefined): SettingsSource => ({
  imports: [],
  providersOf: (token) => [
    {
      provide: token,
      useFactory: (): T => {
        check(value);
        return value;
      },
    },
  ],
});

export function asyncSource<T>(
  options: ConfigurableModuleAsyncOptions<T, never>,
  { method, ask, check }: Answer<T>,
): SettingsSource {
  const { useFactory, useClass, useExisting, inject = [], imports = [] } = options;
  const factory = useExisting ?? useClass;
  if (useFactory === undefined && factory === undefined) {
    throw new InvalidOptionsError([`${method} needs one of useFactory, useClass and useExisting`]);
  }
  const checked = async (answer: T | Promise<T>): Promise<T> => {
    check(await answer);
    return answer;
  };
  return {
    imports,
    providersOf: (token) =>
      useFactory === undefined
        ? [
            ...(useClass === undefined || useExisting !== undefined ? [] : [{ provide: useClass, useClass }]),
            {
              provide: token,
              inject: [factory as Type<unknown>],
              useFactory: (made: never) => checked(ask(made)),
            },
          ]
        : [{ provide: token, inject, useFactory: (...args: never[]) => checked(useFactory(...args)) }],
  };
}
