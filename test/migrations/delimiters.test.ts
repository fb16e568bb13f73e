import { expect, test } from 'vitest'
import { withoutDelimiters } from '../../src/migrations/delimiters.ts'
import { describeDialects, rejectionOf } from '../conformance/targets.ts'
import { open } from './towards-metadata.ts'

const script = `-- up
create table log (id integer auto_increment primary key, note varchar(99));
create table t (x integer, delimiter varchar(5),
  \`$$\` integer);
DELIMITER $$
create procedure twice(n integer)
begin
  -- $$ is no end here, and neither are '$$' and "$$"
  insert into log (note) values ('a $$; b'), ("it's $$");
  if n > 1 then insert into log (note) values ("it's $$"); end if;
end$$

CREATE TRIGGER grows BEFORE INSERT ON t FOR EACH ROW BEGIN
  SET NEW.x = NEW.x + 1;
  SET NEW.x = NEW.x + 1;
END
$$
delimiter ;
insert into t (x) values (1);

-- down
drop table t
-- no statement needs its end before a section
;
  DELIMITER //
drop procedure twice //
drop table log //
DELIMITER ;
`

/** As mysqldump writes it. */
const dump = `/*!40101 SET NAMES utf8mb4 */;
DROP TABLE IF EXISTS \`t\`;
CREATE TABLE \`t\` (\`x\` int(11) DEFAULT NULL);
LOCK TABLES \`t\` WRITE;
INSERT INTO \`t\` VALUES (1),(2);
UNLOCK TABLES;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50003 TRIGGER grows BEFORE INSERT ON t FOR EACH ROW BEGIN
  SET NEW.x = NEW.x + 1; -- ; and ;;
  SET NEW.x = NEW.x + 1;
END */;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 DROP PROCEDURE IF EXISTS \`p\` */;
DELIMITER ;;
CREATE PROCEDURE \`p\`()
begin insert into t values (10); insert into t values (20); end ;;
DELIMITER ;
`

test('semicolons take the place of delimiters, and every line keeps its number', () => {
  const text = withoutDelimiters(script, '1.sql')
  expect(text.split('\n')).toHaveLength(script.split('\n').length)
  expect(text.split('\n').flatMap((line, at) => (line === script.split('\n')[at] ? [] : [line]))).toEqual([
    '',
    'end;',
    ';',
    '',
    '',
    'drop procedure twice ;',
    'drop table log ;',
    '',
  ])
  expect(withoutDelimiters("delimiter '//' as mysql reads it\nselect 1//\nDELIMITER go\r\nselect 'cargo' as cargo go", '1.sql')).toBe(
    "\nselect 1;\n\nselect 'cargo' as cargo ;",
  )
  const plain = "select delimiter\nfrom t where 'a\ndelimiter $$\n' <> /*\ndelimiter $$ */ 'x' # y\n"
  expect(withoutDelimiters(plain, '1.sql')).toBe(plain)
})

describeDialects((fixture) => {
  const isMysql = fixture.can.dialect === 'mysql'

  test.runIf(isMysql)('DELIMITER is understood, in the way up and the way down', async () => {
    const { engine, folder, migrations } = open(fixture)
    folder.write('1.sql', script)
    await migrations.up()
    await engine.execute('call twice(2)')
    expect(await engine.execute('select note from log order by id').scalars()).toEqual(['a $$; b', "it's $$", "it's $$"])
    expect(await engine.scalar('select x from t')).toBe(3)
    await migrations.down()
    expect(await engine.tableNames()).toEqual(['offloop_migrations'])
    expect(await rejectionOf(engine.execute('call twice(2)'))).toMatchObject({ driverCode: 'ER_SP_DOES_NOT_EXIST' })
  })

  test.runIf(isMysql)('a script of what is pending has DELIMITER where the shell needs it', async () => {
    const { folder, migrations } = open(fixture)
    folder.write('1.sql', "select ';' as `;`; -- ;\ncreate procedure p() begin select 1; select '$$'; end;\nselect 2")
    expect(await migrations.sql()).toContain(
      "\nselect ';' as `;`;\nDELIMITER $$$\ncreate procedure p() begin select 1; select '$$'; end\n$$$\nDELIMITER ;\nselect 2;\n",
    )
  })

  test.runIf(isMysql)('a dump with a trigger and a procedure is a migration', async () => {
    const { engine, folder, migrations } = open(fixture)
    folder.write('1.sql', dump)
    await migrations.up()
    await engine.execute('call p()')
    expect(await engine.execute('select x from t order by x').scalars()).toEqual([1, 2, 12, 22])
    await engine.execute('drop procedure p')
  })

  test.runIf(isMysql)('a DELIMITER that names nothing, or stands behind a statement without an end, is refused with its line', async () => {
    const { folder, migrations } = open(fixture)
    const refused = async (text: string) => {
      folder.write('1.sql', text)
      return await rejectionOf(migrations.up())
    }
    for (const text of ['select 1;\nDELIMITER\nselect 2', 'select 1;\nDELIMITER  \nselect 2', 'select 1;\nDELIMITER \\\\\nselect 2'])
      expect(await refused(text)).toMatchObject({ code: 'OFFLOOP_MIGRATION', line: 2, message: expect.stringContaining('DELIMITER takes') })
    expect(await refused('DELIMITER $$\nselect 1;\nDELIMITER ;\nselect 2')).toMatchObject({
      line: 3,
      message: expect.stringContaining('has not ended: $$ would end it'),
    })
    expect(await refused('-- up\nselect 1\nDELIMITER $$\n')).toMatchObject({ line: 3, message: expect.stringContaining('; would end it') })
  })

  test.runIf(!isMysql)('DELIMITER means nothing to other databases', async () => {
    const { folder, migrations } = open(fixture)
    folder.write('1.sql', 'DELIMITER //\nselect 1')
    expect(await rejectionOf(migrations.up())).toMatchObject({
      code: 'OFFLOOP_MIGRATION',
      file: '1.sql',
      message: expect.stringContaining('DELIMITER'),
    })
  })
})
