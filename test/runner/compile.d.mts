export function compiled(path: string, text?: string): string;
export function compiledToCommonJs(text: string): string;
