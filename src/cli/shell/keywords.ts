/** Words of SQL that people write by hand, on all three databases or on one of them. A few thousand others are nobody's to be completed. */
export const keywords: readonly string[] = (
  'add all alter analyze and any as asc attach auto_increment autoincrement begin between bigint blob boolean by cascade case cast char check ' +
  'coalesce collate column comment commit conflict constraint copy count create cross current_date current_time current_timestamp database date ' +
  'datetime decimal default deferred delete desc describe detach distinct do double drop duplicate else end engine escape except exclude exclusive ' +
  'exists explain extract false fetch filter first float following for foreign from full function generated glob grant group group_concat having ' +
  'identity if ilike immediate in index inner insert int integer intersect interval into is isolation join json jsonb json_extract key last lateral ' +
  'left length level like limit listen lower materialized max merge min natural no not nothing notify null nullif nulls numeric offset on only or ' +
  'order outer over partition plan pragma preceding primary procedure query read real recursive references reindex release rename replace restrict ' +
  'returning revoke right rollback row row_number rows savepoint schema select serial serializable session set show similar smallint start strict ' +
  'substr sum table temporary text then time timestamp timestamptz to transaction trigger trim true truncate type unbounded union unique unlogged ' +
  'update upper use using uuid vacuum values varchar view virtual when where window with without write'
).split(' ')

/** What a name has to be put in quotes for: the words that no database takes for a name. */
export const reservedWords: ReadonlySet<string> = new Set(
  (
    'add all alter and any as asc between by case check collate column constraint create cross current_date current_time current_timestamp default ' +
    'delete desc distinct drop else end except exists false for foreign from full grant group having in index inner insert intersect into is join key ' +
    'left like limit natural not null on or order outer primary references right select set table then to true union unique update using values when ' +
    'where with'
  ).split(' '),
)
