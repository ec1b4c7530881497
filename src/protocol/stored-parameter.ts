import type { ReadField } from './protocol.js';

/**
 * A parameter of stored content, which `read` decodes and checks. The steps of a read ask for it one after another, so the latest value is
 * kept, with the encryption data that it is from: a map would cost as much as to read it again. Nothing may change the value.
 */
export function storedParameter<Value extends object | number>(
  read: (field: ReadField) => Value,
): (field: ReadField) => Value {
  let latest: { readonly field: ReadField; readonly value: Value } | undefined;
  return (field) => {
    if (latest?.field !== field) latest = { field, value: read(field) };
    return latest.value;
  };
}
