import { setTimeout as sleep } from "node:timers/promises";
import { say } from "../support/room-stanzas.js";
import type { Ledger } from "./ledger.js";
import type { Random } from "../support/random.js";
import {
  address,
  AFFILIATIONS,
  affiliationsPayload,
  DEEDS,
  destroyPayload,
  formFields,
  formPayload,
  GROUPS,
  HAT,
  HATTED,
  hatPayload,
  MAKER,
  moderatePayload,
  OWNER,
  REGISTRANTS,
  registerPayload,
  TALKERS,
  TALKS,
} from "./rooms.js";
import { conditionOf, Session, type Answer } from "./session.js";
import { messageCell, subjectCell, type Talk } from "./talk.js";

/** How long a client waits that finds nothing to do. */
const IDLE_MS = 2;
/** Requests that each client has under way. */
const LANES = 6;

export const cells = {
  form: (room: string) => `${room}: form`,
  affiliations: (room: string, group: number) => `${room}: affiliations ${group}`,
  hat: (room: string, n: number) => `${room}: hat of hatted${n}`,
  registration: (room: string, user: string) => `${room}: registration ${user}`,
  vcard: (room: string) => `${room}: vCard`,
};

/** What is done to a service by all clients at once, until it dies. */
export class Load {
  #number: number;

  /** @param first numbers before this one were used up by earlier loads */
  constructor(
    private readonly ledger: Ledger,
    private readonly talk: Talk,
    private readonly random: Random,
    first: number,
  ) {
    this.#number = first;
  }

  /** The next unused number. */
  get next(): number {
    return this.#number;
  }

  /** Makes the rooms that stay. */
  async prepare(sessions: ReadonlyMap<string, Session>): Promise<void> {
    const owner = sessions.get(OWNER) as Session;
    for (const room of [...TALKS, ...DEEDS]) {
      await this.#create(owner, room, "Ada");
      const fields = { "hats#title": "Host", "hats#uri": HAT };
      const made = await owner.request("set", room, hatPayload("create", fields));
      if (made.kind === "error") this.ledger.report(`${room}: no hat: ${conditionOf(made.stanza)}`);
      if (DEEDS.includes(room)) owner.send(`<presence type="unavailable" to="${room}/Ada"/>`);
    }
  }

  /** Everybody enters the rooms to talk in. */
  async enter(sessions: ReadonlyMap<string, Session>): Promise<void> {
    const entering = [OWNER, ...TALKERS].flatMap((user) => TALKS.map((room) => sessions.get(user)?.enter(room, user)));
    for (const answer of await Promise.all(entering)) {
      if (answer?.kind === "error") this.ledger.report(`somebody cannot enter: ${conditionOf(answer.stanza)}`);
    }
  }

  /** Resolves when the last connection is gone. */
  async run(sessions: ReadonlyMap<string, Session>): Promise<void> {
    const lanes: Promise<void>[] = [];
    const start = (user: string, act: (session: Session) => Promise<boolean>): void => {
      const session = sessions.get(user);
      if (!session) return;
      for (let lane = 0; lane < LANES; lane++) lanes.push(repeat(session, act));
    };
    start(OWNER, (session) => this.#own(session));
    start(MAKER, (session) => this.#makeAndDestroy(session));
    for (const user of REGISTRANTS) start(user, (session) => this.#register(session));
    for (const user of TALKERS) start(user, (session) => this.#say(session));
    await Promise.all(lanes);
  }

  #own(session: Session): Promise<boolean> {
    const { random } = this;
    const any = random.pick([...TALKS, ...DEEDS]);
    const talk = random.pick(TALKS);
    switch (random.below(8)) {
      case 0:
      case 1:
      case 2: {
        const group = random.pick(GROUPS);
        const affiliations = [0, 1, 2].map(() => random.pick(AFFILIATIONS));
        const value = affiliations.join(" ");
        return this.#set(session, cells.affiliations(any, group), value, any, affiliationsPayload(group, affiliations));
      }
      case 3:
        return this.#configure(session, any);
      case 4: {
        const hatted = random.pick(HATTED);
        const cell = cells.hat(any, hatted);
        const value = this.ledger.known(cell) === undefined ? HAT : undefined;
        const fields = { "hats#jid": `hatted${hatted}@localhost`, "hats#uri": HAT };
        return this.#set(session, cell, value, any, hatPayload(value === undefined ? "unassign" : "assign", fields));
      }
      case 5: {
        const name = `vCard ${this.#number++}`;
        return this.#set(session, cells.vcard(any), name, any, `<vCard xmlns="vcard-temp"><FN>${name}</FN></vCard>`);
      }
      case 6: {
        const ids = this.talk.recent(talk, OWNER);
        if (ids.length === 0) return Promise.resolve(false);
        const id = random.pick(ids);
        if (this.ledger.known(messageCell(talk, id)) === "retracted") return Promise.resolve(false);
        return this.#set(session, messageCell(talk, id), "retracted", talk, moderatePayload(id));
      }
      default:
        return this.#changeSubject(session, talk);
    }
  }

  #configure(session: Session, room: string): Promise<boolean> {
    const fields = formFields(room, this.#number++);
    return this.#set(session, cells.form(room), JSON.stringify(fields), room, formPayload(fields));
  }

  async #changeSubject(session: Session, room: string): Promise<boolean> {
    if (this.ledger.isPending(subjectCell(room))) return false;
    const subject = `subject ${this.#number++}`;
    const id = session.nextId();
    this.ledger.ask(subjectCell(room), subject);
    const answer = session.answer(`message ${id}`);
    session.send(`<message type="groupchat" id="${id}" to="${room}"><subject>${subject}</subject></message>`);
    this.#settle(subjectCell(room), subject, await answer);
    return true;
  }

  async #say(session: Session): Promise<boolean> {
    const room = this.random.pick(TALKS);
    const body = `text ${this.#number++}`;
    const id = session.nextId();
    this.talk.sent.add(body);
    const answer = session.answer(`message ${id}`);
    session.send(say(room, body, { id }));
    const { kind, ...rest } = await answer;
    if (kind === "error" && "stanza" in rest) this.ledger.report(`${body}: refused: ${conditionOf(rest.stanza)}`);
    return true;
  }

  #register(session: Session): Promise<boolean> {
    const room = this.random.pick(DEEDS);
    const cell = cells.registration(room, session.user);
    const remove = this.ledger.known(cell) !== undefined && this.random.below(3) === 0;
    const nick = remove ? undefined : `nick ${this.#number++}`;
    return this.#set(session, cell, nick && `member ${nick}`, room, registerPayload(nick));
  }

  async #makeAndDestroy(session: Session): Promise<boolean> {
    const room = address(`mortal${this.#number++}`);
    if (!(await this.#create(session, room, "Mona"))) return false;
    const affiliations = [0, 1, 2].map(() => this.random.pick(AFFILIATIONS));
    const cell = cells.affiliations(room, 0);
    await this.#set(session, cell, affiliations.join(" "), room, affiliationsPayload(0, affiliations));
    session.send(`<presence type="unavailable" to="${room}/Mona"/>`);
    if (session.isOver || this.random.below(3) === 0) return true;
    const reason = `reason ${this.#number++}`;
    // What it was is gone with it, or nothing is.
    await this.#set(session, cells.form(room), `gone ${reason}`, room, destroyPayload(reason));
    return true;
  }

  async #create(session: Session, room: string, nick: string): Promise<boolean> {
    const entered = await session.enter(room, nick);
    if (entered.kind === "error") this.ledger.report(`${room}: not created: ${conditionOf(entered.stanza)}`);
    if (entered.kind !== "result") return false;
    await this.#configure(session, room);
    return !session.isOver;
  }

  /** One change of one cell; none while another change of it is under way. */
  async #set(session: Session, cell: string, value: string | undefined, to: string, payload: string): Promise<boolean> {
    if (this.ledger.isPending(cell)) return false;
    this.ledger.ask(cell, value);
    this.#settle(cell, value, await session.request("set", to, payload));
    return true;
  }

  #settle(cell: string, value: string | undefined, answer: Answer): void {
    if (answer.kind === "result") this.ledger.told(cell, value);
    else if (answer.kind === "error") this.ledger.refused(cell, conditionOf(answer.stanza));
  }
}

async function repeat(session: Session, act: (session: Session) => Promise<boolean>): Promise<void> {
  while (!session.isOver) {
    const isDone = await act(session);
    if (!isDone) await sleep(IDLE_MS); // what it would have changed is being changed
  }
}
