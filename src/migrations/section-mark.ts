/** A line that begins a section of a file of SQL, or says that it runs outside of a transaction. */
export const sectionMark = /^[ \t]*--[ \t]*(up|down|no transaction)[ \t]*\r?$/i
