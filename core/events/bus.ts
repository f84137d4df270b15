// Placeholder of the shape; replaced by the implementation.
import type { PayloadOf, ResultOf } from "./events.js";

export interface EventBus<E> {
  fire<K extends keyof E>(event: K, data: PayloadOf<E[K]>): Exclude<ResultOf<E[K]>, Promise<unknown>>;
  fireAsync<K extends keyof E>(event: K, data: PayloadOf<E[K]>): ResultOf<E[K]>;
  hasHandlers(event: string): boolean;
}
