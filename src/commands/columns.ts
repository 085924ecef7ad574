// Rows of text as aligned columns, for a terminal.

/** Columns named in `right` (by index) are aligned to the right. Each line ends without trailing spaces. */
export function alignColumns(
  rows: readonly (readonly string[])[],
  right: ReadonlySet<number> = new Set(),
): string {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, column) =>
    Math.max(...rows.map((row) => width(row[column] ?? ''))),
  );
  const lines = rows.map((row) => {
    const cells = row.map((cell, column) => {
      const padding = ' '.repeat((widths[column] ?? 0) - width(cell));
      return right.has(column) ? padding + cell : cell + padding;
    });
    return `${cells.join('  ').trimEnd()}\n`;
  });
  return lines.join('');
}

/** In characters; colours take no room. */
function width(text: string): number {
  // oxlint-disable-next-line no-control-regex -- the escape character is what starts a colour
  return Array.from(text.replaceAll(/\u001b\[\d+m/g, '')).length;
}
