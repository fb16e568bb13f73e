/**
 * Of a file, so much is held in memory at the most while something is waited for: the end of a row, the name of its table, or the rows that it
 * refers to. Without an end a file of any size would be.
 */
export const maxHeld = 64 * 1024 * 1024
