import { StanzaError, type ArchiveEntry, type ArchiveQuery, type ArchiveStore } from "chorus-muc";
import type { ArchiveRequest } from "./query.js";

/** Entries that are looked at for one query that the store cannot answer by itself. */
const MAX_SCAN = 10_000;

/** A page of results. */
export interface Page {
  /** In chronological order. */
  readonly entries: readonly ArchiveEntry[];
  /** There is nothing more in the direction of paging. */
  readonly isComplete: boolean;
  /** Of all that matches the query, on whatever page; `undefined` when counting would mean reading it all. */
  readonly count: number | undefined;
  /** 0: the first entry is the first of them. */
  readonly index: 0 | undefined;
}

/** Where the archive of a room is. */
export interface ArchivePlace {
  readonly store: ArchiveStore;
  readonly user: string;
}

/** How results are chosen beyond what the store knows. */
export interface PageOptions {
  /** Whether an entry matches the `with` of the request; `undefined`: all do. */
  readonly matches: ((entry: ArchiveEntry) => boolean) | undefined;
  /** Tell how many there are in all. */
  readonly isCounted: boolean;
}

function notFound(id: string): StanzaError {
  const text = `There is no message ${id} in the archive`;
  return new StanzaError({ type: "cancel", condition: "item-not-found", text });
}

function tooMuch(): StanzaError {
  const text = "Too many messages would have to be looked at: narrow the query with start and end";
  return new StanzaError({ type: "modify", condition: "policy-violation", text });
}

/** The part of the archive that a request is about, whatever the page. */
function rangeOf({ start, end, ids, beforeId, afterId }: ArchiveRequest): ArchiveQuery {
  return {
    ...(start !== undefined && { start }),
    ...(end !== undefined && { end }),
    ...(ids !== undefined && { ids }),
    ...(beforeId !== undefined && { before: beforeId }),
    ...(afterId !== undefined && { after: afterId }),
  };
}

/**
 * Reads a page: about as many entries as it has, unless `matches` has to look at each.
 * @returns item-not-found for an id that is not there; rejects with a `StorageError`
 */
export async function readPage(
  place: ArchivePlace,
  request: ArchiveRequest,
  options: PageOptions,
): Promise<Page | StanzaError> {
  const missing = await firstMissing(place, request.ids);
  if (missing !== undefined) return notFound(missing);
  const range = rangeOf(request);
  if (request.max === 0) return countOnly(place, range, options);
  const isBackwards = request.before !== undefined;
  const query: ArchiveQuery = {
    ...range,
    after: [range.after ?? [], request.after ?? []].flat(),
    before: [range.before ?? [], request.before || []].flat(),
    reverse: isBackwards,
  };
  const found = await collect(place, query, request.max + 1, options.matches);
  if (found instanceof StanzaError) return found;
  const isComplete = found.length <= request.max;
  const entries = found.slice(0, request.max);
  if (isBackwards) entries.reverse();
  const isWhole = isComplete && request.after === undefined && !request.before;
  const count = isWhole ? entries.length : await total(place, range, options);
  // COMPAT slixmpp 1.8: it takes a page that ends with the last entry for the end, also when it pages backwards, so the
  // place of such a page, which would be known, is not told.
  const isFirst = isBackwards ? isComplete && request.after === undefined : request.after === undefined;
  return { entries, isComplete, count: options.isCounted ? count : undefined, index: isFirst ? 0 : undefined };
}

/** XEP-0313 §4.1.4: every id that is asked for must be there. */
async function firstMissing({ store, user }: ArchivePlace, ids: readonly string[] = []): Promise<string | undefined> {
  for (const id of ids) if (!(await store.get(user, id))) return id;
  return undefined;
}

/** Entries that match, up to `wanted`, in the order of the query. */
async function collect(
  { store, user }: ArchivePlace,
  query: ArchiveQuery,
  wanted: number,
  matches: PageOptions["matches"],
): Promise<ArchiveEntry[] | StanzaError> {
  const page = await store.find(user, { ...query, limit: matches ? MAX_SCAN + 1 : wanted });
  if (!page)
    return notFound((await firstMissing({ store, user }, [query.after ?? [], query.before ?? []].flat())) ?? "");
  const found: ArchiveEntry[] = [];
  let seen = 0;
  for await (const entry of page.items) {
    if (++seen > MAX_SCAN && matches) return tooMuch();
    if (matches && !matches(entry)) continue;
    found.push(entry);
    if (found.length === wanted) break;
  }
  return found;
}

/** XEP-0059 §2.7: only the number is asked for, so that it is worth reading for, within bounds. */
async function countOnly(place: ArchivePlace, range: ArchiveQuery, options: PageOptions): Promise<Page | StanzaError> {
  let count = await total(place, range, options);
  if (count === undefined) {
    const found = await collect(place, range, MAX_SCAN + 1, options.matches);
    if (found instanceof StanzaError) return found;
    if (found.length > MAX_SCAN) return tooMuch();
    count = found.length;
  }
  return { entries: [], isComplete: count === 0, count, index: undefined };
}

/** The number of entries of a whole archive, which the store has at hand; of a part of it, `undefined`. */
async function total(
  { store, user }: ArchivePlace,
  range: ArchiveQuery,
  { matches }: PageOptions,
): Promise<number | undefined> {
  if (matches || Object.keys(range).length > 0) return undefined;
  return (await store.find(user, { total: true, limit: 0 }))?.total;
}
