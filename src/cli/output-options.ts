import { type Command, InvalidArgumentError, Option } from 'commander'
import { type Format, formats } from './row-writer.ts'

export interface OutputOptions {
  readonly format: Format
  readonly json?: true
  readonly header: boolean
}

/** How rows are printed: the options that every command with rows has. */
export function addOutputOptions(command: Command): Command {
  return command
    .addOption(new Option('--format <format>', 'how rows are printed').choices(formats).default('table'))
    .addOption(new Option('--json', 'the same as --format json').conflicts('format'))
    .option('--no-header', 'CSV without the names of the columns')
}

export function formatOf({ format, json }: OutputOptions): Format {
  return json === true ? 'json' : format
}

/**
 * A number on the command line.
 *
 * @throws {InvalidArgumentError} it is none, or not larger than 0
 */
export function positiveNumber(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value
  throw new InvalidArgumentError('Expected a number larger than 0.')
}

/**
 * As `positiveNumber`, of a count.
 *
 * @throws {InvalidArgumentError} it is no whole number from 1 on
 */
export function positiveInteger(text: string): number {
  const value = positiveNumber(text)
  if (Number.isSafeInteger(value)) return value
  throw new InvalidArgumentError('Expected a whole number of at least 1.')
}

/** Of an option that may be repeated. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value]
}
