/** Put in by the build. */
declare const PACKAGE_VERSION: string

/** Of the package: its two halves speak to each other in words that each version may change. */
export const version = PACKAGE_VERSION
