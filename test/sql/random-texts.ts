import type { DialectName } from '../../src/sql/dialect.ts'
import type { Random } from '../soak/random.ts'

export type ServerDialect = Exclude<DialectName, 'sqlite'>

/** Definitions of the table `t` that the random texts select from. */
export const randomTextColumns: Readonly<Record<ServerDialect, string>> = {
  postgresql: 'a int, j jsonb, arr int[], a$1 int, "a :b" int, "it\'s" int',
  mysql: 'a int primary key, a$1 int, `a ? :b` int, `\\` int',
}

/** Expressions without a parameter, to be put behind one another in any order. */
const literals: Readonly<Record<ServerDialect, readonly string[]>> = {
  postgresql: [
    ...["'x'", "'it''s :a $1'", "'\\'", "E'\\' $1'", "E'a'\n'\\':a'", "U&'\\0061 :a'", "B'01'", "$$ :a '$$", "$q$ ' $1 $q$", '1.5', '1e3'],
    ...[
      '"a :b"',
      '"it\'s"',
      '/* :a /* $1 */ */ 1',
      "-- it's :a\n 1",
      'a',
      't.a',
      "j ? 'a'",
      "'1'::int",
      'arr[1:2]',
      'arr[a:a]',
      'a$1',
      '(1)',
    ],
    ...["case when a = 1 then ';' end", 'make_interval(days := 1)', '@ -1', '- -1', "name'\\'", 'not true', "$é1$'$é1$"],
  ],
  mysql: [
    ...[
      "'x'",
      "'it''s :a ?'",
      "'\\' ?'",
      '"\\" :a"',
      '"it\'s ""?"',
      "'\\\\'",
      '`a ? :b`',
      '`\\`',
      "x'00'",
      "_utf8mb4'?'",
      '1.5',
      '1e3',
      '0x1F',
    ],
    ...[
      '/* :a ? /* */ 1',
      "-- it's ?\n 1",
      '# " ?\n 1',
      '5--1',
      '/*! 1 */',
      '/*!50101 1 + */ 1',
      'a',
      't.a',
      '@a',
      '@@sql_mode',
      "@'q ?'",
      '(1)',
    ],
    ...["case when a then ';' end", 'if(a, 1, 2)', '@a := 1', 'a$1', 'repeat("x", 2)', "time'12:30:00'", '\\N', '"a" \'?\''],
  ],
}
const joints = [', ', ',', ' , ', ',\n', ',/* ; */', ', -- ;\n']

/** A query with parameters of one style among its expressions, and their names or numbers as they were put in. */
export function randomText(
  random: Random,
  dialect: ServerDialect,
  named: boolean,
): { readonly sql: string; readonly placed: readonly string[] } {
  const placed: string[] = []
  const parts = Array.from({ length: 1 + random.below(8) }, () => {
    if (random.below(3) > 0) return random.pick(literals[dialect])
    const name = named ? random.pick(['a', 'b', 'ccc', 'é']) : String(1 + random.below(3))
    placed.push(name)
    return named ? `:${name}` : dialect === 'mysql' ? '?' : `$${name}`
  })
  const list = parts.map((part, index) => (index === 0 ? part : random.pick(joints) + part)).join('')
  return { sql: `select ${list} from t`, placed }
}
