import type { ReadField } from './protocol.js';

/**
 * A parameter of stored content, which `read` decodes and checks. Several steps of a read need it, so the latest value is kept
 * together with its encryption data: a map would cost as much as reading it again. Nothing may change the value.
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
