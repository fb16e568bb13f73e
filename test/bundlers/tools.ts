/** What the soak of bundlers installs beside the package, none of it a dependency of its own: each in the version that it was last run with. */
export const bundlerPackages = [
  'pg@8.23.1',
  'mysql2@3.24.6',
  'esbuild@0.28.2',
  'rollup@4.68.8',
  '@rollup/plugin-node-resolve@16.0.3',
  'rolldown@1.3.3',
  'vite@8.4.0',
  'webpack@5.113.0',
  'webpack-cli@7.3.1',
  'next@16.4.6',
  'react@19.3.1',
  'react-dom@19.3.1',
  'vitest@5.1.2',
  'tsx@4.23.15',
] as const

/** Package managers that lay packages out in other ways than npm. */
export const managerPackages = ['pnpm@12.21.0', '@yarnpkg/cli-dist@4.18.1'] as const
