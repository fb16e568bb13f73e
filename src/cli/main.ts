#!/usr/bin/env node
import '../node-version.ts'

const args = process.argv.slice(2)
if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
  const { version } = await import('./version.ts')
  console.log(version())
} else {
  const { runProgram } = await import('./program.ts')
  process.exitCode = await runProgram(args)
}
