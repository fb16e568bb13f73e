import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { type Command, Option } from 'commander'
import type { AsyncEngine } from '../engine/contract.ts'
import { createEngine } from '../engine/engine.ts'
import type { MigrationState } from '../migrations/migration-status.ts'
import { type MigrationStep, Migrations } from '../migrations/migrations.ts'
import { MetaData } from '../schema/metadata.ts'
import { migrationRecords } from '../sql/migration-records.ts'
import { padTo, widthOf } from './columns-layout.ts'
import { type DatabaseWish, databaseHelp } from './database-argument.ts'
import { describe } from './describe-command.ts'
import { Failure, UsageError } from './failure.ts'
import { count } from './messages.ts'
import { positiveInteger } from './output-options.ts'
import { printable, printableJson } from './printable.ts'
import { jsonText } from './shown-value.ts'
import { type Style, screenOf } from './terminal.ts'
import { stdout } from './text-output.ts'
import { withDatabase } from './with-database.ts'

interface MigrateOptions {
  readonly directory: string
  readonly table: string
  readonly json?: true
}

const afterHelp = `
Examples:
  offloop migrate new 'make users'
  offloop migrate up app.db
  offloop migrate up app.db --dry-run > pending.sql
  offloop migrate down app.db --steps 2
  offloop migrate to 0003_make_orders app.db
  offloop migrate autogenerate ./tables.ts app.db

\`up\` and \`to\` make an SQLite file where there is none. Each migration and its
record are one transaction, where the database has that for changes of its
tables, and one program at a time migrates a database.`

export function defineMigrate(command: Command): void {
  command.usage('<command> [options]').addHelpText('after', afterHelp)
  subcommand(command, 'up', 'apply what has not been applied yet')
    .argument('[database]', databaseHelp)
    .option('--steps <number>', 'no more than so many', positiveInteger)
    .option('--dry-run', 'print what would be run as SQL, and run nothing')
    .action(up)
  subcommand(command, 'down', 'take back the last migrations')
    .argument('[database]', databaseHelp)
    .option('--steps <number>', 'how many', positiveInteger, 1)
    .option('--all', 'all of them')
    .action(down)
  subcommand(command, 'to', 'make a migration the last one that is applied, upwards or downwards')
    .argument('<name>', 'of the migration')
    .argument('[database]', databaseHelp)
    .option('--dry-run', 'upwards: print what would be run as SQL, and run nothing')
    .action(to)
  subcommand(command, 'status', 'list the migrations, and what is wrong with them').argument('[database]', databaseHelp).action(status)
  subcommand(command, 'new', 'write an empty migration')
    .argument('<name>', 'what it is to do, in a few words')
    .option('--ts', 'in TypeScript')
    .action(create)
  subcommand(command, 'autogenerate', 'write the migration that makes the database what a MetaData says')
    .argument('<module>', 'that exports a MetaData, as `metadata` or by default')
    .argument('[database]', databaseHelp)
    .option('--name <name>', 'of the migration')
    .option('--dry-run', 'print the statements, and write nothing')
    .action(autogenerate)
  subcommand(command, 'resolve', 'say what became of a migration that stopped half-way, after it was mended')
    .argument('<name>', 'of the migration')
    .argument('[database]', databaseHelp)
    .addOption(new Option('--applied', 'all of it is there'))
    .addOption(new Option('--pending', 'nothing of it is there').conflicts('applied'))
    .action(resolve)
}

function subcommand(parent: Command, name: string, summary: string): Command {
  return describe(parent.command(name), summary)
    .option('-d, --directory <path>', 'the folder of the migrations', 'migrations')
    .option('--table <name>', 'the table that remembers what was applied', migrationRecords)
    .option('--json', 'print what was done as JSON')
}

async function up(
  database: string | undefined,
  options: MigrateOptions & { readonly steps?: number; readonly dryRun?: true },
): Promise<void> {
  const { steps, dryRun } = options
  if (dryRun === true && steps !== undefined)
    throw new UsageError('--dry-run is about all that is pending: `migrate to NAME --dry-run` ends before.')
  await withMigrations(database, options, dryRun === true ? 'empty' : 'made', async (migrations) => {
    if (dryRun === true) await printScript(await migrations.sql(), options)
    else await printSteps(await migrations.up({ steps }), options)
  })
}

async function down(
  database: string | undefined,
  options: MigrateOptions & { readonly steps: number; readonly all?: true },
): Promise<void> {
  await withMigrations(database, options, 'refused', async (migrations) => {
    await printSteps(await migrations.down(options.all === true ? Number.POSITIVE_INFINITY : options.steps), options)
  })
}

async function to(name: string, database: string | undefined, options: MigrateOptions & { readonly dryRun?: true }): Promise<void> {
  await withMigrations(database, options, options.dryRun === true ? 'empty' : 'made', async (migrations) => {
    if (options.dryRun === true) await printScript(await migrations.sql({ to: name }), options)
    else await printSteps(await migrations.to(name), options)
  })
}

/** What is in order, what waits, and what somebody has to look at. */
const stateStyles: Readonly<Record<MigrationState, Style>> = {
  applied: 'green',
  pending: 'yellow',
  edited: 'red',
  missing: 'red',
  outOfOrder: 'red',
  unfinished: 'red',
}

async function status(database: string | undefined, options: MigrateOptions): Promise<void> {
  await withMigrations(database, options, 'empty', async (migrations) => {
    const found = await migrations.status()
    if (options.json === true) return await printJson(found)
    const screen = screenOf(process.stdout)
    const width = found.reduce((most, { name }) => Math.max(most, widthOf(printable(name))), 0)
    const lines = found.map(({ name, state, changedAt }) => {
      const cells = [
        padTo(printable(name), width, 'right'),
        screen.paint(stateStyles[state], state.padEnd(10)),
        changedAt?.toISOString() ?? '',
      ]
      return `${cells.join('  ').trimEnd()}\n`
    })
    await stdout.write(found.length === 0 ? `There is no migration in ${printable(options.directory)}.\n` : lines.join(''))
  })
}

async function create(name: string, options: MigrateOptions & { readonly ts?: true }): Promise<void> {
  // Nothing is asked of a database: an engine that is not used opens none.
  const engine = createEngine('sqlite://')
  const { directory, table } = options
  const path = await new Migrations(engine, { directory, table }).create(name, { kind: options.ts === true ? 'ts' : 'sql' })
  await engine.close()
  if (options.json === true) await printJson({ path })
  else await stdout.write(`${printable(path)}\n`)
}

async function autogenerate(
  module: string,
  database: string | undefined,
  options: MigrateOptions & { readonly name?: string; readonly dryRun?: true },
): Promise<void> {
  const metadata = await loadMetaData(module)
  await withMigrations(database, options, 'empty', async (migrations) => {
    const { path, statements, down } = await migrations.autogenerate(metadata, { name: options.name, write: options.dryRun !== true })
    if (options.json === true) return await printJson({ path, statements, down })
    if (statements.length === 0) return await stdout.write('The database is what the MetaData says: there is nothing to do.\n')
    if (path === null) return await stdout.print([...statements.map((statement) => `${statement};\n`), ...asComment(down)])
    await stdout.write(`${printable(path)}: ${count(statements.length, 'statement')}. Read it before you apply it.\n`)
  })
}

/** Whoever runs what is printed goes up, and not down again. */
function asComment(down: readonly string[]): readonly string[] {
  const lines = down.flatMap((statement) => `${statement};`.split(/\r?\n/))
  return ['\n-- The way down:\n', ...lines.map((line) => `-- | ${line}\n`)]
}

async function loadMetaData(module: string): Promise<MetaData> {
  // What fails inside the module itself is its author's to read, with the stack.
  if (!existsSync(module)) throw new Failure(`There is no file ${module}: expected a module that exports a MetaData.`)
  const exported = (await import(pathToFileURL(module).href)) as Readonly<Record<string, unknown>>
  const found = [exported['metadata'], exported['default'], ...Object.values(exported)].find((value) => value instanceof MetaData)
  if (found instanceof MetaData) {
    // It would drop every table of the database, though all that happened is that nobody has loaded the models.
    if (found.tables.size > 0) return found
    throw new Failure(`${module} exports a MetaData without tables: expected that it imports the modules of all tables and models, too.`)
  }
  throw new Failure(
    `${module} exports no MetaData: expected \`export const metadata = new MetaData()\`, made by the same offloop as this command.`,
  )
}

async function resolve(
  name: string,
  database: string | undefined,
  options: MigrateOptions & { readonly applied?: true; readonly pending?: true },
): Promise<void> {
  if (options.applied !== true && options.pending !== true) throw new UsageError('What became of it? Expected --applied or --pending.')
  const state = options.applied === true ? 'applied' : 'pending'
  await withMigrations(database, options, 'refused', async (migrations) => {
    await migrations.resolve(name, state)
    if (options.json === true) await printJson({ name, state })
    else await stdout.write(`${printable(name)} counts as ${state} now.\n`)
  })
}

async function withMigrations(
  database: string | undefined,
  { directory, table }: MigrateOptions,
  missing: DatabaseWish['missing'],
  work: (migrations: Migrations, engine: AsyncEngine) => Promise<void>,
): Promise<void> {
  await withDatabase(database, { missing }, (engine) => work(new Migrations(engine, { directory, table }), engine))
}

async function printSteps(steps: readonly MigrationStep[], { json }: MigrateOptions): Promise<void> {
  if (json === true) return await printJson(steps)
  const lines = steps.map(({ name, direction }) => `${direction === 'up' ? 'applied' : 'taken back'}  ${printable(name)}\n`)
  await stdout.write(steps.length === 0 ? 'There is nothing to do.\n' : lines.join(''))
}

async function printScript(sql: string, { json }: MigrateOptions): Promise<void> {
  if (json === true) await printJson({ sql })
  else await stdout.print(sql)
}

async function printJson(value: unknown): Promise<void> {
  await stdout.print(`${jsonText(value)}\n`, printableJson)
}
