/** Of the package, put in by the build. */
declare const PACKAGE_VERSION: string

/** What this half of the package is: a copy of the worker file that was left behind by an update does not speak as the other half does. */
export const version = PACKAGE_VERSION
