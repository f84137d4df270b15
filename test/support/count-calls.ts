import type { Storage } from "../../core/storage/store.js";

/** The same storage; each call of one of its stores is noted, as `store.method`. */
export function countCalls(storage: Storage, calls: string[]): Storage {
  const openStore: Storage["openStore"] = (host, name, type) => {
    const store = storage.openStore(host, name, type);
    return new Proxy(store as object, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== "function") return value;
        return (...args: unknown[]): unknown => {
          calls.push(`${name}.${String(key)}`);
          return Reflect.apply(value, target, args);
        };
      },
    }) as never;
  };
  return { driver: storage.driver, openStore, idle: () => storage.idle(), close: () => storage.close() };
}
