/** A table that makes many rows of the table `item`: the join runs through all items for each of its rows, which costs what a scan costs. */
export const createRepetition = 'create table repetition (n integer primary key)'
export const insertRepetition = 'insert into repetition (n) values (?)'

/** CROSS JOIN keeps SQLite from choosing another order of the tables. */
export const repeatedItems = 'repetition cross join item'
