import {
  ClockToken,
  inject,
  injectable,
  ModuleApiToken,
  parseStrictJid,
  resourceOf,
  StanzaError,
  type Clock,
  type Measures,
  type ModuleApi,
  type OccupantJid,
} from "chorus-muc";
import { isWebAddress, type PreJoinEvent } from "chorus-muc/muc";
import { Answers, keyOf } from "./answers.js";
import { Breaker } from "./breaker.js";
import { ask, type Answer, type Question } from "./service.js";
import { Turns } from "./turns.js";

/** No answer: why, in the words of the options that say what happens then; `busy` refuses, always. */
class Unanswered extends Error {
  constructor(
    readonly kind: "timeout" | "error" | "busy",
    cause?: unknown,
  ) {
    super(cause instanceof Error ? cause.message : kind, { cause });
  }
}

/**
 * Asks an HTTP service whether somebody may enter a room (XEP-0045 §7.2), under which nick and in what role; see
 * README.md for what it is sent and what it answers. Only who waits for the answer waits: the room goes on.
 */
@injectable()
export default class MucHttpJoin {
  static readonly requires = ["muc"];
  /** It guards the rooms: where it does not work, nobody gets in. */
  static readonly failsClosed = true;

  readonly #unloading = new AbortController();
  readonly #underWay = new Map<string, Promise<Answer>>();
  #service!: { readonly url: string; readonly secret: string | undefined };
  #timeout!: number;
  #policy!: Readonly<Record<Unanswered["kind"], "refuse" | "allow">>;
  #answers!: Answers;
  #breaker!: Breaker;
  #turns!: Turns;
  #measures!: { time: Measures["times"]; refused: Measures["rate"]; failed: Measures["rate"]; known: Measures["rate"] };

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(ClockToken) private readonly clock: Clock,
  ) {}

  load(): void {
    const { module } = this;
    this.#service = {
      url: module.getOptionString("http_join_url", ""),
      secret: module.getOptionString("http_join_secret"),
    };
    this.#timeout = module.getOptionPeriod("http_join_timeout", 5, 0.1, 60); // seconds
    this.#policy = {
      timeout: module.getOptionEnum("http_join_on_timeout", "refuse", "refuse", "allow"),
      error: module.getOptionEnum("http_join_on_error", "refuse", "refuse", "allow"),
      // Else whoever sends enough joins at a time would get in unasked.
      busy: "refuse",
    };
    this.#answers = new Answers(
      module.getOptionPeriod("http_join_cache_period", 30, 0, 3600) * 1000, // seconds
      module.getOptionInteger("http_join_cache_size", 1000, 0), // answers
    );
    this.#breaker = new Breaker(
      module.getOptionInteger("http_join_max_failures", 5, 0), // failures in a row; 0 = any number
      module.getOptionPeriod("http_join_pause", 30, 1) * 1000, // seconds
    );
    this.#turns = new Turns(
      module.getOptionInteger("http_join_max_requests", 16, 1), // requests at a time
      module.getOptionInteger("http_join_max_waiting", 256, 0), // joins
    );
    this.#measures = {
      time: module.measure("request", "times"),
      refused: module.measure("refused", "rate"),
      failed: module.measure("failed", "rate"),
      known: module.measure("known", "rate"),
    };
    if (!isWebAddress(this.#service.url)) {
      module.logStatus("error", "http_join_url is not set to an http or https address: nobody can enter a room");
    }

    // After everything else, the lock (-30) included: of who may not enter anyway the service hears nothing.
    module.hook("muc-occupant-pre-join", (event) => this.#decide(event), -40, {
      // The request has a deadline of its own, and so has waiting in line; this one is for the unforeseen.
      deadlineMs: (2 * this.#timeout + 1) * 1000,
    });
  }

  unload(): void {
    this.#unloading.abort();
  }

  #decide(event: PreJoinEvent): StanzaError | undefined | Promise<StanzaError | undefined> {
    const { room, bareJid: jid, occupant, isNewRoom } = event;
    const affiliation = room.getAffiliation(jid);
    const question: Question = { room: room.jid, jid, nick: resourceOf(occupant.nick) ?? "", affiliation, isNewRoom };
    const known = this.#answers.get(question, this.clock.now());
    if (known !== undefined) {
      this.#measures.known();
      return this.#apply(event, known);
    }
    return this.#askOnce(question).then(
      (answer) => this.#apply(event, answer),
      (error: unknown) => this.#withoutAnswer(event, error instanceof Unanswered ? error.kind : "error"),
    );
  }

  #apply({ room, occupant, bareJid }: PreJoinEvent, answer: Answer): StanzaError | undefined {
    if (!answer.allow) {
      this.#measures.refused();
      this.module.log("debug", "%s may not enter %s", bareJid, room.jid);
      return new StanzaError({ type: "auth", condition: "forbidden", text: answer.text, by: room.jid });
    }
    if (answer.nick !== undefined) {
      // The checks of nicks have been made already, so the service's own is checked here.
      const nick = /\S/u.test(answer.nick) ? parseStrictJid(`${room.jid}/${answer.nick}`) : undefined;
      if (nick === undefined) {
        this.module.log("warn", "the service gave %s a nick in %s that is none", bareJid, room.jid);
        return new StanzaError({ type: "cancel", condition: "internal-server-error", by: room.jid });
      }
      occupant.nick = nick as OccupantJid;
    }
    if (answer.role !== undefined) occupant.role = answer.role;
    return undefined;
  }

  #withoutAnswer({ room, bareJid }: PreJoinEvent, kind: Unanswered["kind"]): StanzaError | undefined {
    const policy = this.#policy[kind];
    this.module.log("debug", "no answer (%s) about %s in %s: %s", kind, bareJid, room.jid, policy);
    if (policy === "allow" && isWebAddress(this.#service.url)) return undefined;
    return new StanzaError({ type: "wait", condition: "resource-constraint", text: "Try again later", by: room.jid });
  }

  /** The answer to a question; who asks the same meanwhile waits for the same answer. */
  #askOnce(question: Question): Promise<Answer> {
    const key = keyOf(question);
    let answer = this.#underWay.get(key);
    if (answer === undefined) {
      answer = this.#askInTurn(question).finally(() => this.#underWay.delete(key));
      this.#underWay.set(key, answer);
    }
    return answer;
  }

  async #askInTurn(question: Question): Promise<Answer> {
    const hasTurn = await this.#withDeadline((signal) => this.#turns.take(signal));
    if (!hasTurn) throw new Unanswered("busy");
    try {
      if (!this.#breaker.admits(this.clock.now())) throw new Unanswered("error");
      const answer = await this.#request(question);
      this.#answers.set(question, answer, this.clock.now());
      if (this.#breaker.succeeded()) this.module.setStatus("info", "the service answers again", true);
      return answer;
    } finally {
      this.#turns.leave();
    }
  }

  async #request(question: Question): Promise<Answer> {
    const done = this.#measures.time();
    try {
      return await this.#withDeadline((signal) => ask(this.#service, question, signal));
    } catch (error) {
      if (this.#unloading.signal.aborted) throw new Unanswered("busy");
      this.#noteFailure(error);
      throw new Unanswered(error instanceof Error && error.name === "TimeoutError" ? "timeout" : "error", error);
    } finally {
      done();
    }
  }

  #noteFailure(error: unknown): void {
    this.#measures.failed();
    // `fetch` says that it failed, and what failed is the cause.
    const reason = error instanceof Error ? ((error.cause as Error | undefined) ?? error).message : String(error);
    this.module.log("warn", "the service does not answer: %s", reason);
    if (!this.#breaker.failed(this.clock.now())) return;
    this.module.logStatus("error", "the service has failed time and again, and is left alone for a while");
  }

  /** Gives `fn` a signal that comes after the timeout, or when this module goes. */
  async #withDeadline<T>(fn: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.#unloading.signal.throwIfAborted();
    const late = new AbortController();
    // A timer of the module's, not of `AbortSignal.timeout`: tests move its clock.
    const timer = this.module.addTimer(this.#timeout, () => {
      late.abort(new DOMException(`no answer within ${this.#timeout} s`, "TimeoutError"));
      return undefined;
    });
    try {
      return await fn(AbortSignal.any([late.signal, this.#unloading.signal]));
    } finally {
      timer.stop();
    }
  }
}
