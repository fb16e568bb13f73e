import { createEngine } from 'offloop'

export const dynamic = 'force-dynamic'

const engine = createEngine('sqlite://')

export default async function Page() {
  return <p>{await engine.scalar('select 42').catch((error) => `${error.name}: ${error.message}`)}</p>
}
