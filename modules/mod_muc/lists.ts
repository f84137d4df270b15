/**
 * Adds to a list that is made for the first item. Most such lists never have a second one: a list that is made empty
 * takes the room of seventeen with its first.
 */
export function added<T>(list: T[] | undefined, item: T): T[] {
  if (list === undefined) return [item];
  list.push(item);
  return list;
}
