// What a program exports without naming its types: test/package compiles it with its declarations, as libraries and project references have them.
import { createEngine } from 'offloop'
import { entity, filterSet } from 'offloop/dal'
import {
  count,
  foreignKey,
  integer,
  json,
  Manager,
  ModelRegistry,
  manyToMany,
  max,
  oneToOne,
  type RelatedOne,
  type RelatedSet,
  Session,
  string,
} from 'offloop/orm'
import { dateTime, enumeration, json as jsonColumn, MetaData, string as stringColumn, Table, uuid } from 'offloop/schema'

export const engine = createEngine('sqlite://')
export const models = new ModelRegistry(engine)

export abstract class Counted extends models.abstract({ rank: integer({ default: 1 }) }) {
  isFirst(): boolean {
    return this.rank === 1
  }
}

export class Album extends Counted.define('album', { id: integer({ primaryKey: true }), name: string({ maxLength: 50 }) }) {
  declare static readonly objects: Manager<typeof Album>
  declare readonly tracks: RelatedSet<typeof Track>
  declare readonly cover: RelatedOne<typeof Cover>
}

export class Live extends Album.extend('live', { place: string({ maxLength: 50 }) }) {}

export class Cover extends models.define('cover', {
  id: integer({ primaryKey: true }),
  album: oneToOne(() => Album, { relatedName: 'cover' }),
  palette: json({ allowNull: true }).$type<readonly string[]>(),
}) {}

export class Tag extends models.define('tag', {
  id: integer({ primaryKey: true }),
  parent: foreignKey('tag', { allowNull: true }),
  related: manyToMany('tag'),
}) {}

export class Track extends models.define('track', {
  id: integer({ primaryKey: true }),
  album: foreignKey(() => Album, { relatedName: 'tracks' }),
  tags: manyToMany(() => Tag),
}) {}

export class Albums extends Manager<typeof Album> {
  named(name: string) {
    return this.filter({ name }).selectRelated('cover')
  }
}

export const rows = Album.objects.values()
export const names = Album.objects.values('name', 'cover__id')
export const groups = Track.objects.groupBy('album__name').aggregate({ tracks: count(), last: max('id') })
export const figures = Track.objects.aggregate({ tracks: count() })
export const columns = Track.c
export const inSession = new Session(engine).query(Album).filter({ name: 'x' })

export const notes = new Table('note', new MetaData(), {
  id: uuid({ primaryKey: true, default: () => crypto.randomUUID() }),
  title: stringColumn(50, { nullable: false }),
  colour: enumeration(['red', 'blue'], { nullable: false, default: 'red' }),
  extra: jsonColumn(),
  deleted: dateTime({ timezone: true }),
})
export const aliased = notes.alias('other')
export const inserted = notes.insert().values({ title: 'x' }).returning('id')
export const found = engine.execute(notes.select()).fetchall()
export const selected = notes.select().where('title', '=', 'x')
export const board = entity({ table: notes, softDelete: 'deleted', filters: filterSet({ text: ['title', 'contains'] }) })
export const page = board.page(engine, { url: '/', limit: 10 })
