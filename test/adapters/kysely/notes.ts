import type { Generated, Kysely } from 'kysely'
import { sql } from 'kysely'
import type { EngineOptions } from 'offloop'
import { kysely } from 'offloop/kysely'
import type { Fixture } from '../../conformance/targets.ts'

export interface Database {
  notes: { id: Generated<number>; text: string }
}

/** A Kysely on an engine whose database has the table `notes`; both end with the test. */
export async function openNotes(fixture: Fixture, options?: EngineOptions): Promise<Kysely<Database>> {
  return kysely<Database>(await fixture.notes(options))
}

/** The texts of the notes, in the order of their keys. */
export async function textsOf(db: Kysely<Database>): Promise<readonly string[]> {
  const rows = await db.selectFrom('notes').select('text').orderBy('id').execute()
  return rows.map(({ text }) => text)
}

export async function addNotes(db: Kysely<Database>, ...texts: readonly string[]): Promise<void> {
  await db
    .insertInto('notes')
    .values(texts.map((text) => ({ text })))
    .execute()
}

/** A query for `count` rows of one column `n`. */
export function numbersOf(db: Kysely<Database>, fixture: Fixture, count: number) {
  return db.selectFrom(sql<{ n: number }>`(${sql.raw(fixture.numbers(count))})`.as('numbers')).select('n')
}
