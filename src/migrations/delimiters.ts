import { MigrationError } from './migration-error.ts'
import { sectionMark } from './section-mark.ts'

const command = /^[ \t]*delimiter(?!\S)[^\n]*/im

/** What is read as a whole: the command's line, a section's mark, a text, a name, a comment that is no code, a word. Else it is a character. */
const token = new RegExp(
  [
    `(?<command>${command.source})`,
    sectionMark.source,
    String.raw`'(?:[^'\\]+|\\.|'')*'?`,
    String.raw`"(?:[^"\\]+|\\.|"")*"?`,
    '`[^`]*`?',
    String.raw`--(?!\S)[^\n]*`,
    String.raw`#[^\n]*`,
    String.raw`\/\*(?!M?!)(?:[^*]+|\*(?!\/))*(?:\*\/)?`,
    String.raw`\w+`,
    '.',
  ].join('|'),
  'imsy',
)

/** The command in the middle of a statement: a column of that name would have a type behind it. */
const strayCommand = /^\s*delimiter\s+[$/;|~^!@%&#]+\s*$/i

const nothing = /^(?:\s|--(?!\S)|#|\/\*(?!M?!))/

/**
 * The same text of MySQL's, in which semicolons end the statements that another DELIMITER ends, without the lines of that command: it is one of MySQL's
 * shell. Every line keeps its number. Which semicolon stands inside of a trigger or a procedure is known without it.
 * https://dev.mysql.com/doc/refman/8.4/en/stored-programs-defining.html
 *
 * @throws {MigrationError} the command names nothing, or stands behind a statement that has not ended
 */
export function withoutDelimiters(sql: string, file: string): string {
  if (!command.test(sql)) return sql
  const refusal = (message: string, at: number) => new MigrationError(message, { file, line: sql.slice(0, at).split('\n').length })
  const parts: string[] = []
  let delimiter = ';'
  let isEnded = true
  for (let at = 0; at < sql.length; ) {
    const { text, isCommand } = tokenAt(sql, at, delimiter)
    if (isCommand && isEnded) {
      delimiter = namedIn(text)
      if (delimiter === '' || delimiter.includes('\\'))
        throw refusal('DELIMITER takes the characters that end a statement, as in DELIMITER $$, and no backslash.', at)
    } else if (isCommand && strayCommand.test(text)) {
      throw refusal(`DELIMITER stands behind a statement that has not ended: ${delimiter} would end it.`, at)
    } else {
      parts.push(text === delimiter ? ';' : text)
      isEnded = text === delimiter || sectionMark.test(text) || (isEnded && nothing.test(text))
    }
    at += text.length
  }
  return parts.join('')
}

function tokenAt(sql: string, at: number, delimiter: string): { readonly text: string; readonly isCommand: boolean } {
  token.lastIndex = at
  const found = token.exec(sql)
  const isCommand = found?.groups?.['command'] !== undefined
  if (!isCommand && sql.startsWith(delimiter, at)) return { text: delimiter, isCommand }
  return { text: found?.[0] ?? sql.charAt(at), isCommand }
}

function namedIn(line: string): string {
  return (line.trim().split(/\s+/)[1] ?? '').replace(/^(['"`])(.*)\1$/, '$2')
}

/** A statement as MySQL's shell reads it: between two lines of DELIMITER where it has semicolons inside, as a trigger; else null. */
export function delimited(statement: string): string | null {
  const whole = statement.replace(/[;\s]+$/, '')
  if (!holdsSemicolon(whole)) return null
  let delimiter = '$$'
  while (whole.includes(delimiter)) delimiter += '$'
  return `DELIMITER ${delimiter}\n${whole}\n${delimiter}\nDELIMITER ;\n`
}

function holdsSemicolon(sql: string): boolean {
  for (let at = 0; at < sql.length; ) {
    const { text } = tokenAt(sql, at, ';')
    if (text === ';') return true
    at += text.length
  }
  return false
}
