/** Whether it comes to its end in this time; never rejects with what it ends with. */
export async function endsWithin(ended: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, false)
  })
  const onTime = ended.then(
    () => true,
    () => true,
  )
  try {
    return await Promise.race([onTime, late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * A request to stop a statement that reaches the server before the statement itself does hits nothing and is forgotten: so long after one it is
 * asked again, until the statement has ended.
 */
export const repeatCancelMs = 1_000
