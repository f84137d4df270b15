import { positionById } from "./archive-position.js";
import { encodeKey, extendKey } from "./key.js";

/** Reads a record, at once or later. */
export type GetRecord = (key: Buffer) => string | undefined | Promise<string | undefined>;

/** Keys of the records of one user's archive. */
export class UserPlaces {
  readonly count: Buffer;
  /** What the keys of the entries begin with. */
  readonly entries: Buffer;
  readonly #ids: Buffer;

  constructor(
    readonly user: string,
    all: { readonly entries: Buffer; readonly ids: Buffer; readonly counts: Buffer },
  ) {
    this.entries = extendKey(all.entries, user);
    this.#ids = extendKey(all.ids, user);
    this.count = extendKey(all.counts, user);
  }

  /** Of the entry at a position. */
  entry(position: string): Buffer {
    return extendKey(this.entries, position);
  }

  /** Of the record that tells where the entry of an id is. */
  id(id: string): Buffer {
    return extendKey(this.#ids, id);
  }

  /** Where the entry of an id is. A record that tells goes before what follows from the id: it was moved, or replaced. */
  find(id: string, get: GetRecord): string | undefined | Promise<string | undefined> {
    return then(get(this.id(id)), (position) => {
      const byId = position === undefined ? positionById(id) : undefined;
      if (byId === undefined) return position;
      // Another one may be there, whose id somebody else has made: an entry's text begins with it.
      return then(get(this.entry(byId)), (text) => (text?.startsWith(`["${id}",`) === true ? byId : undefined));
    });
  }
}

/** Keys of the records of the archives of one store. */
export class ArchivePlaces {
  readonly entries: Buffer;
  readonly ids: Buffer;
  readonly counts: Buffer;
  /** Those asked for last, as one message brings several records. */
  #latest: UserPlaces | undefined;

  constructor(host: string, name: string) {
    this.entries = encodeKey(["archive", host, name]);
    this.ids = encodeKey(["archive-id", host, name]);
    this.counts = encodeKey(["archive-count", host, name]);
  }

  of(user: string): UserPlaces {
    if (this.#latest?.user !== user) this.#latest = new UserPlaces(user, this);
    return this.#latest;
  }
}

/** Goes on with a value that may have to be waited for, at once where it has not. */
export function then<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
