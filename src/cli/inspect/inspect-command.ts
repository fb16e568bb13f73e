import { type Command, Option } from 'commander'
import type { AsyncEngine } from '../../engine/contract.ts'
import { inspect as inspectorOf } from '../../schema/inspection/inspector.ts'
import { databaseHelp, namesDatabase, urlOfEnvironment } from '../database-argument.ts'
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
  const isTable = first !== undefined && urlOfEnvironment() !== undefined && !namesDatabase(first)
  const [database, only] = isTable ? [undefined, [first, ...rest]] : [first, rest]
  await withDatabase(database, {}, async (engine) => {
    const text = await textOf(engine, only, options)
    await stdout.write(process.stdout.isTTY && options.json === true ? printableJson(text) : text)
  })
}

async function textOf(engine: AsyncEngine, only: readonly string[], { schema, views, json, mermaid }: InspectOptions): Promise<string> {
  const tables = await inspectorOf(engine).describe({ schema, views, only: only.length === 0 ? undefined : only })
  if (json === true) return `${jsonText(tables)}\n`
  return mermaid === true ? mermaidOf(tables) : reportOf(engine, tables)
}
