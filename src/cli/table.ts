// Rows as people read them: columns as wide as their widest cell, numbers to the right, the last column as it comes.
export type Cell = string | number

export function table(titles: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [titles, ...rows]
  const widths = titles.map((_, column) => Math.max(...lines.map((line) => shown(line[column]!).length)))
  return lines
    .map((line) =>
      line
        .map((cell, column) => padded(cell, widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function padded(cell: Cell, width: number): string {
  return typeof cell === 'number' ? shown(cell).padStart(width) : shown(cell).padEnd(width)
}

/** Names come from clients: none of them may steer the terminal. */
function shown(cell: Cell): string {
  return String(cell).replace(/\p{Cc}/gu, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
