import { createEngine, EngineURL } from 'offloop'
import { createDatabase, dropDatabase } from 'offloop/dal'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeOnServer, testServers } from '../test-servers.ts'
import { offloop, temporaryFolder } from './run-command.ts'

for (const server of Object.values(testServers)) {
  describeOnServer(server, `on ${server.name}`, () => {
    const url = EngineURL.parse(server.url).with({ database: `offloop_cli_${process.pid}` })
    const env = { OFFLOOP_URL: url.render({ hidePassword: false }) }

    beforeAll(async () => {
      await createDatabase(url)
      await using engine = createEngine(url)
      await engine.execute('create table users (id int primary key, name varchar(20), born date)')
      await engine.execute("insert into users values (1, 'Ada', '1815-12-10'), (2, null, null)")
    })

    afterAll(() => dropDatabase(url))

    test('query prints rows, and several statements in one transaction', async () => {
      const { stdout, code } = await offloop(['query', 'select * from users where id = :id', '-p', 'id=1', '--json'], { env })
      expect({ stdout, code }).toEqual({ stdout: '[\n{"id":1,"name":"Ada","born":"1815-12-10"}\n]\n', code: 0 })
      const failed = await offloop(['query', '--transaction'], { env, stdin: 'delete from users; select nope' })
      expect(failed).toMatchObject({ code: 1 })
      const count = await offloop(['query', 'select count(*) as n from users', '--format', 'csv'], { env })
      expect(count.stdout).toBe('n\n2\n')
      expect(await offloop(['query', 'delete from users', '--readonly'], { env })).toMatchObject({ code: 1 })
    })

    test('inspect, export and import know the tables', async () => {
      const cwd = temporaryFolder()
      const inspected = await offloop(['inspect', '--mermaid'], { env })
      expect(inspected.stdout).toMatch(/^erDiagram\n {2}"users" \{\n {4}\S+ id PK\n {4}\S+ name\n {4}date born\n {2}\}\n$/)
      expect(await offloop(['export', 'users.csv'], { env, cwd })).toMatchObject({ code: 0 })
      await offloop(['query', 'delete from users'], { env })
      expect(await offloop(['import', 'users.csv'], { env, cwd })).toMatchObject({ code: 0 })
      const { stdout } = await offloop(['query', 'select id, born from users order by id', '--format', 'csv'], { env })
      expect(stdout).toBe('id,born\n1,1815-12-10\n2,\n')
    })

    test('a server has no file to be copied', async () => {
      const { code, stderr } = await offloop(['backup', 'copy.db'], { env, cwd: temporaryFolder() })
      expect(code).toBe(1)
      expect(stderr).toMatch(/^offloop: .*cannot back up/)
    })
  })
}
