/**
 * Cells → CSV text that is safe to open in a spreadsheet.
 */

/** What a spreadsheet would take for a formula (OWASP's list; full-width forms count too in Chinese Excel). */
const FORMULA_START = /^[=+\-@\t\r\u00A0\uFF1D\uFF0B\uFF0D\uFF20]/;

/** A cell's text with an apostrophe before what would begin a formula. */
export function withoutFormula(text: string): string {
  return FORMULA_START.test(text) ? `'${text}` : text;
}

/** One line of CSV, quoted where it must be, with its line end. */
export function csvLine(cells: readonly string[], lineEnd = '\r\n'): string {
  return cells.map(quote).join(',') + lineEnd;
}

function quote(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
