/** The result of one test, as Jest reports it. */
export interface Result {
  readonly ancestorTitles: readonly string[];
  readonly title: string;
  readonly status: string;
}
export function matrixOf(results: readonly Result[]): string;
export function isWhole(results: readonly Result[]): boolean;
export function matrixIn(text: string): string;
export function withMatrix(text: string, matrix: string): string;
