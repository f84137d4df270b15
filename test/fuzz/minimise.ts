/** Tries before what is left is small enough. */
const TRIES = 2000;

/**
 * Leaves out parts of an input for as long as it still fails: halves first, then smaller ones, then single items.
 * @param fails whether the input fails in the same way
 */
export async function minimise<T>(
  items: readonly T[],
  fails: (items: readonly T[]) => boolean | Promise<boolean>,
  tries = TRIES,
): Promise<readonly T[]> {
  let smallest = items;
  let left = tries;
  for (let size = Math.ceil(items.length / 2); size >= 1 && left > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < smallest.length && left > 0; left--) {
      const rest = [...smallest.slice(0, at), ...smallest.slice(at + size)];
      if (await fails(rest)) smallest = rest;
      else at += size;
    }
  }
  return smallest;
}
