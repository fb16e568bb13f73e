import { count, duration, say } from '../messages.ts'
import { printableJson } from '../printable.ts'
import { jsonText } from '../shown-value.ts'
import { stdout } from '../text-output.ts'

/** How rows that were put in or out are told. */
export interface ReportOptions {
  readonly quiet?: true
  readonly json?: true
}

/** What was put in or out. */
export interface DataReport {
  readonly file: string
  readonly rowcount: number
  readonly tables: { readonly [name: string]: number }
  readonly seconds: number
}

export async function reportData(report: DataReport, { quiet, json }: ReportOptions): Promise<void> {
  if (json === true) return await stdout.print(`${jsonText(report)}\n`, printableJson)
  if (quiet === true) return
  const { file, rowcount, tables, seconds } = report
  const names = Object.entries(tables)
  if (names.length > 1) for (const [name, rows] of names) say(`  ${name}: ${count(rows, 'row')}`)
  say(`${file === '-' ? 'In all' : file}: ${count(rowcount, 'row')} in ${duration(seconds * 1_000)}`)
}
