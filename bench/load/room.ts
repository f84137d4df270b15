import type { LoadClient } from "./client.js";
import { Latencies } from "./latencies.js";
import { Scanner } from "./scanner.js";

/** Bytes of the body of a message. */
const BODY_LENGTH = 100;
/** A load that sees nothing for so long has lost something. */
const STALL_MS = 60_000;

/** Each sender keeps so many messages of its own on their way: the next one goes when one has come to everybody. */
export interface Talk {
  readonly senders: number;
  /** Of each sender. */
  readonly messages: number;
  readonly inFlight: number;
}

/** Something that the occupants do, and what each of them then has to be sent. */
interface Phase {
  /** What announces, in what a client gets, the number of something that counts, and the number's length. */
  readonly marker: string;
  readonly digits: number;
  begin(): void;
  /** @returns whether everybody has everything; @throws Error when this was not due */
  arrived(client: number, value: number, now: number): boolean;
  /** What somebody has not got. */
  missing(): string;
}

/** The occupants of one room: they enter and talk, and each checks what it is sent. */
export class RoomLoad {
  readonly #jid: string;
  readonly #clients: readonly LoadClient[];
  /** Messages said so far by each. */
  readonly #said: number[];
  #failure: Error | undefined;
  #onFailure: (why: Error) => void = () => undefined;

  constructor(jid: string, clients: readonly LoadClient[]) {
    this.#jid = jid;
    this.#clients = clients;
    this.#said = clients.map(() => 0);
    for (const client of clients) client.onLost = (why) => this.#fail(why);
  }

  /**
   * Everybody enters, in order, so many at a time not yet having been told that they are in. Resolves when each has been
   * told of each, itself included, once. @returns presences delivered
   */
  async join(inFlight: number): Promise<number> {
    const count = this.#clients.length;
    const seen = new Uint8Array(count * count);
    let next = 0;
    let missing = count * count;
    const enter = (): void => {
      const number = next++;
      const nick = `nick-${String(number).padStart(6, "0")}`;
      this.#clients[number]?.gather(
        `<presence to='${this.#jid}/${nick}'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>`,
      );
    };
    await this.#run({
      marker: "/nick-",
      digits: 6,
      begin: () => {
        for (let some = Math.min(inFlight, count); some > 0; some--) enter();
      },
      arrived: (client, number) => {
        const cell = client * count + number;
        if (number >= count || seen[cell] === 1) throw new Error(`occupant ${client} was told again of ${number}`);
        seen[cell] = 1;
        if (number === client && next < count) enter();
        return --missing === 0;
      },
      missing: () => {
        const cell = seen.indexOf(0);
        return `occupant ${Math.floor(cell / count)} was not told of ${cell % count}`;
      },
    });
    return count * count;
  }

  /** The first clients talk. Resolves when each message has come to everybody, once and in order. */
  async talk({ senders, messages, inFlight }: Talk, latencies = new Latencies()): Promise<Latencies> {
    const count = this.#clients.length;
    const first = this.#said.slice(0, senders);
    const due = Array.from({ length: count }, () => [...first]);
    const sentAt = first.map(() => new Float64Array(messages));
    const arrivals = first.map(() => new Uint32Array(messages));
    let missing = count * senders * messages;
    const say = (sender: number): void => {
      const number = this.#said[sender] as number;
      const offset = number - (first[sender] as number);
      if (offset === messages) return;
      this.#said[sender] = number + 1;
      (sentAt[sender] as Float64Array)[offset] = performance.now();
      const body = String(sender * 1_000_000 + number)
        .padStart(9, "0")
        .padEnd(BODY_LENGTH, " is its number");
      this.#clients[sender]?.gather(
        `<message to='${this.#jid}' type='groupchat' id='${sender}-${number}'><body>${body}</body></message>`,
      );
    };
    await this.#run({
      marker: "<body>",
      digits: 9,
      begin: () => {
        for (let sender = 0; sender < senders; sender++) {
          for (let some = Math.min(inFlight, messages); some > 0; some--) say(sender);
        }
      },
      arrived: (client, value, now) => {
        const sender = Math.floor(value / 1_000_000);
        const number = value % 1_000_000;
        const expected = due[client] as number[];
        if (expected[sender] !== number || number >= (this.#said[sender] as number)) {
          throw new Error(`occupant ${client} got message ${number} of ${sender}, and ${expected[sender]} was due`);
        }
        expected[sender] = number + 1;
        const offset = number - (first[sender] as number);
        latencies.add(now - ((sentAt[sender] as Float64Array)[offset] as number));
        const arrived = arrivals[sender] as Uint32Array;
        arrived[offset] = (arrived[offset] as number) + 1;
        if (arrived[offset] === count) say(sender);
        return --missing === 0;
      },
      missing: () => {
        const [client, numbers] = [...due.entries()].find(([, all]) => all.some((n, s) => n !== this.#said[s])) ?? [];
        const sender = numbers?.findIndex((number, index) => number !== this.#said[index]) ?? 0;
        return `occupant ${client} did not get message ${numbers?.[sender]} of ${sender}`;
      },
    });
    return latencies;
  }

  /** @throws Error when something has arrived after the last phase that should not have, or a connection was lost */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  async #run(phase: Phase): Promise<void> {
    this.check();
    let progressed = performance.now();
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#onFailure = reject;
        timer = setInterval(() => {
          if (performance.now() - progressed > STALL_MS) this.#fail(new Error(phase.missing()));
        }, STALL_MS / 10);
        for (const [index, client] of this.#clients.entries()) {
          const scanner = new Scanner(phase.marker, phase.digits, (value) => {
            if (phase.arrived(index, value, progressed)) resolve();
          });
          client.onBytes = (bytes) => {
            progressed = performance.now();
            try {
              scanner.feed(bytes);
            } catch (error) {
              this.#fail(error as Error);
            }
          };
        }
        phase.begin();
      });
    } finally {
      clearInterval(timer);
    }
  }

  #fail(why: Error): void {
    this.#failure ??= new Error(`${this.#jid}: ${why.message}`, { cause: why });
    this.#onFailure(this.#failure);
  }
}
