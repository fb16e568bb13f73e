/** A statement that gives the numbers from 1 to `count` as rows { i, name }. */
export function series(count: number): string {
  return `with recursive c(i) as (select 1 union all select i + 1 from c where i < ${count}) select i, 'name ' || i as name from c`
}

/** Keeps SQLite inside one native call, for half a second where it has a core to itself. */
export const slow = 'with recursive c(i) as (select 1 union all select i + 1 from c where i < 3000000) select max(i) as m from c'
