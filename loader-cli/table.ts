/**
 * Aligned columns for people. A Chinese character takes two cells of a terminal.
 */

/** The lines of a table: a head and rows of as many cells; a gap of two cells between columns. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => cells(row[column] ?? ''))));
  return all.map((row) =>
    row
      .map((text, column) => text + ' '.repeat((widths[column] ?? 0) - cells(text)))
      .join('  ')
      .trimEnd(),
  );
}

/** Cells that a text takes (Unicode East Asian Width: wide and full-width ranges). */
function cells(text: string): number {
  let count = 0;
  for (const character of text) {
    count +=
      /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}]/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return count;
}
