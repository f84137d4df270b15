/** How much of everything the workloads do. */
export interface Sizes {
  readonly room100: { readonly occupants: number; readonly messages: number };
  readonly room1000: { readonly occupants: number; readonly senders: number; readonly messages: number };
  readonly rooms200: { readonly rooms: number; readonly occupants: number; readonly messages: number };
  /** Each owner in a room of its own. */
  readonly durable: { readonly owners: number; readonly changes: number };
  /** Rooms that are stored, and messages in the archive of one more; rooms that are looked into, pages that are read. */
  readonly stored: {
    readonly rooms: number;
    readonly messages: number;
    readonly live: number;
    readonly pages: number;
  };
  /** Occupants of one room; rooms as in `rooms200`; deliveries of each of these. */
  readonly scale: {
    readonly occupants: readonly number[];
    readonly rooms: readonly number[];
    readonly deliveries: number;
  };
}

/** What the targets are for. */
export const FULL: Sizes = {
  room100: { occupants: 100, messages: 2000 },
  room1000: { occupants: 1000, senders: 5, messages: 40 },
  rooms200: { rooms: 200, occupants: 10, messages: 50 },
  durable: { owners: 50, changes: 20 },
  stored: { rooms: 100_000, messages: 1_000_000, live: 10_000, pages: 100 },
  scale: { occupants: [10, 50, 200, 1000, 2000], rooms: [50, 200, 800], deliveries: 200_000 },
};

/** Shows that the workloads work, and nothing else. */
export const TINY: Sizes = {
  room100: { occupants: 5, messages: 20 },
  room1000: { occupants: 6, senders: 2, messages: 5 },
  rooms200: { rooms: 3, occupants: 2, messages: 5 },
  durable: { owners: 3, changes: 2 },
  stored: { rooms: 60, messages: 250, live: 5, pages: 2 },
  scale: { occupants: [2, 3], rooms: [2], deliveries: 20 },
};
