import { type Command, Option } from 'commander'
import { inspect as inspectorOf } from '../../schema/inspection/inspector.ts'
import { databaseFirst, databaseHelp } from '../database-argument.ts'
import { printableJson } from '../printable.ts'
import { jsonText } from '../shown-value.ts'
import { stdout } from '../text-output.ts'
import { withDatabase } from '../with-database.ts'
import { mermaidOf } from './mermaid.ts'
import { reportOf } from './table-report.ts'

interface InspectOptions {
  readonly schema?: string
  readonly views: boolean
  readonly json?: true
  readonly mermaid?: true
}

const afterHelp = `
Examples:
  offloop inspect app.db
  offloop inspect app.db users orders
  offloop inspect postgresql://me@localhost/shop --schema sales --json
  offloop inspect app.db --mermaid > schema.mmd

Mermaid's diagrams are drawn by GitHub and GitLab in Markdown, by
https://mermaid.live, and by many editors.`

export function defineInspect(command: Command): void {
  command
    .argument('[database]', databaseHelp)
    .argument('[tables...]', 'only these tables and views; default: all')
    .option('--schema <name>', 'PostgreSQL: a schema; MySQL: a database; SQLite: one that is attached')
    .option('--no-views', 'tables only')
    .option('--json', 'print all there is to know as JSON')
    .addOption(new Option('--mermaid', 'print an entity diagram as text of Mermaid').conflicts('json'))
    .addHelpText('after', afterHelp)
    .action(inspect)
}

async function inspect(first: string | undefined, rest: readonly string[], options: InspectOptions): Promise<void> {
  const [database, ...only] = databaseFirst(first, ...rest)
  await withDatabase(database, {}, async (engine) => {
    const { schema, views, json, mermaid } = options
    const tables = await inspectorOf(engine).describe({ schema, views, only: only.length === 0 ? undefined : only })
    if (json === true) await stdout.print(`${jsonText(tables)}\n`, printableJson)
    else if (mermaid === true) await stdout.print(mermaidOf(tables))
    else await stdout.write(reportOf(engine, tables))
  })
}
