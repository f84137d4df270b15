/** Plays a scenario script against a running service: who sends what, who receives what. */
import type { Element } from "../xmpp/element.js";
import { bare, domainOf } from "../xmpp/jid.js";
import { serialise } from "../xmpp/template.js";
import { connectClient } from "./client.js";
import { formatXml } from "./format-xml.js";
import type { Inbox } from "./inbox.js";
import { Placeholders } from "./placeholders.js";
import { Search } from "./search.js";
import type { Script, ScriptClient, ScriptExpectation, ScriptStep } from "./scansion.js";

/** A logged-in client, as the runner needs it; answers nothing and sends nothing by itself. */
export interface ScenarioClient {
  /** The full JID it is bound to. */
  readonly jid: string;
  readonly inbox: Inbox;
  /** Sends what a script says, as text. */
  send(stanza: Element): void;
  /**
   * A round trip (XEP-0199) that leaves no trace in the inbox; an error is an answer, too.
   * @returns false when nothing came back in time, or the client was disconnected
   */
  ping(to: string, timeoutMs: number): Promise<boolean>;
  /** Closes the stream and waits until the connection is gone. */
  disconnect(): Promise<void>;
}

/** How a script is played. */
export interface ScenarioOptions {
  /** Where clients connect, unless the script says otherwise (default: `127.0.0.1`). */
  readonly host?: string;
  /** Port of the client listener (default: 5222). */
  readonly port?: number;
  /**
   * The very next stanza must match; otherwise what does not match is passed over, and gone.
   * The tag `## in-order` in a script turns it on for that script.
   */
  readonly inOrder?: boolean;
  /** How long to wait for an expected stanza (default: 5000 ms). */
  readonly timeoutMs?: number;
  /**
   * Put behind the local part of every room, in what is sent and what is expected, so that runs against one service do
   * not meet. A room is any address in a `to` that is not at a host of the script's clients.
   */
  readonly roomSuffix?: string;
  /** One line per stanza sent or received, and per action. */
  readonly log?: (line: string) => void;
  /** Makes a logged-in client; default: over TCP. */
  readonly connect?: (client: ScriptClient, options: ScenarioOptions) => Promise<ScenarioClient>;
}

/** What happened while a script was played, enough to judge other expectations against it later. */
export interface Transcript {
  /** Full JIDs, and the step (index into `script.steps`) at which each was bound. */
  readonly bound: readonly { readonly client: string; readonly step: number; readonly jid: string }[];
  /** Received stanzas in order, each with the step that was running. */
  readonly received: readonly { readonly client: string; readonly step: number; readonly stanza: Element }[];
}

/** How a script went. */
export interface ScenarioResult {
  readonly script: Script;
  readonly failure: ScenarioFailure | undefined;
  readonly transcript: Transcript;
}

/** Why a script failed: script and line, who expected what, and what came instead. */
export class ScenarioFailure extends Error {
  override readonly name = "ScenarioFailure";
  constructor(
    readonly file: string,
    readonly line: number,
    what: string,
    options?: { cause?: unknown },
  ) {
    super(`${file}:${line}: ${what}`, options);
  }
}

/** Plays a script. A script that does not pass is a `failure` in the result; nothing is thrown. */
export async function runScenario(script: Script, options: ScenarioOptions = {}): Promise<ScenarioResult> {
  const run = new ScenarioRun(script, options);
  let failure: ScenarioFailure | undefined;
  try {
    await run.play();
  } catch (error) {
    failure = error instanceof ScenarioFailure ? error : run.failed(error);
  } finally {
    await run.close();
  }
  return { script, failure, transcript: run.transcript };
}

/**
 * Judges a script against what was received when it, or one with the same actions, was played: no service needed.
 * @returns why it fails, or `undefined`
 */
export function replayScenario(
  script: Script,
  transcript: Transcript,
  options: Pick<ScenarioOptions, "inOrder" | "roomSuffix"> = {},
): ScenarioFailure | undefined {
  const inOrder = options.inOrder === true || script.tags.has("in-order");
  const placeholders = new Placeholders(script, options.roomSuffix);
  const queues = new Map(script.clients.map(({ name }) => [name, [] as Element[]]));
  let arrived = 0;
  for (const [index, step] of script.steps.entries()) {
    for (const { client, jid } of transcript.bound.filter((entry) => entry.step === index)) {
      placeholders.bind(client, jid);
    }
    if (!isExpectation(step)) continue;
    // There is whatever came before the next action.
    const next = script.steps.findIndex((later, at) => at > index && !isExpectation(later));
    for (; arrived < transcript.received.length; arrived++) {
      const entry = transcript.received[arrived];
      if (entry === undefined || (next !== -1 && entry.step >= next)) break;
      placeholders.learn(entry.stanza);
      queues.get(entry.client)?.push(entry.stanza);
    }
    const queue = queues.get(step.client) ?? [];
    if (step.kind === "receives nothing") {
      if (queue.length > 0) return unexpected(script, step, queue);
      continue;
    }
    const search = new Search(placeholders.fill(step.stanza), inOrder);
    if (search.look(() => queue.shift()) === undefined) return missed(script, step, search, "was not received");
  }
  return undefined;
}

function isExpectation(step: ScriptStep): step is ScriptExpectation {
  return step.kind === "receives" || step.kind === "receives nothing";
}

function missed(script: Script, step: ScriptStep, search: Search, why: string): ScenarioFailure {
  return new ScenarioFailure(script.file, step.line, search.explain(`${step.client} receives: ${why}`));
}

function unexpected(script: Script, step: ScriptStep, stanzas: readonly Element[]): ScenarioFailure {
  const lines = [`${step.client} receives nothing: but there came`];
  for (const stanza of stanzas) lines.push(...formatXml(stanza, "  "));
  return new ScenarioFailure(script.file, step.line, lines.join("\n"));
}

/** A script being played. */
class ScenarioRun {
  readonly transcript = { bound: [], received: [] } as {
    bound: Transcript["bound"][number][];
    received: Transcript["received"][number][];
  };
  readonly #timeoutMs: number;
  readonly #inOrder: boolean;
  readonly #placeholders: Placeholders;
  readonly #clients = new Map<string, ScenarioClient>();
  /** Addresses that a client has sent to since it was last known that all of it had its effect. */
  readonly #unsettled = new Map<string, Set<string>>();
  /** Addresses that clients had sent to which are gone now: their leaving takes its way, too. */
  readonly #left = new Set<string>();
  readonly #sentTo = new Map<string, Set<string>>();
  #step = 0;

  constructor(
    readonly script: Script,
    readonly options: ScenarioOptions,
  ) {
    this.#timeoutMs = options.timeoutMs ?? 5000;
    this.#inOrder = options.inOrder === true || script.tags.has("in-order");
    this.#placeholders = new Placeholders(script, options.roomSuffix);
  }

  async play(): Promise<void> {
    for (const [index, step] of this.script.steps.entries()) {
      this.#step = index;
      switch (step.kind) {
        case "connects":
          await this.#connect(step);
          break;
        case "disconnects":
          await this.#disconnect(step);
          break;
        case "sends":
          await this.#send(step, step.stanza);
          break;
        case "receives":
          await this.#receive(step, step.stanza);
          break;
        case "receives nothing":
          await this.#receiveNothing(step);
          break;
        default:
          step satisfies never;
      }
    }
  }

  /** What was thrown, as the failure of the present step. */
  failed(cause: unknown): ScenarioFailure {
    const step = this.script.steps[this.#step];
    const what = cause instanceof Error ? cause.message : String(cause);
    return new ScenarioFailure(
      this.script.file,
      step?.line ?? 1,
      `${step?.client ?? ""} ${step?.kind ?? ""}: ${what}`,
      {
        cause,
      },
    );
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.disconnect()));
    this.#clients.clear();
  }

  async #connect(step: ScriptStep): Promise<void> {
    if (this.#clients.has(step.client)) throw new ScenarioFailure(this.script.file, step.line, "is connected already");
    const wanted = this.script.clients.find(({ name }) => name === step.client);
    if (wanted === undefined) throw new TypeError(`no client is called ${step.client}`);
    await this.#settle(step.client);
    const client = await (this.options.connect ?? connectOverTcp)(wanted, this.options);
    this.#log(`${step.client} connects as ${client.jid}`);
    this.#clients.set(step.client, client);
    this.#placeholders.bind(step.client, client.jid);
    this.transcript.bound.push({ client: step.client, step: this.#step, jid: client.jid });
    client.inbox.onArrival = (stanza) => {
      this.#log(`${step.client} receives ${serialise(stanza)}`);
      this.#placeholders.learn(stanza);
      this.transcript.received.push({ client: step.client, step: this.#step, stanza });
    };
  }

  async #disconnect(step: ScriptStep): Promise<void> {
    const client = this.#clients.get(step.client);
    if (client === undefined) return;
    await this.#settle(step.client);
    this.#log(`${step.client} disconnects`);
    await client.disconnect();
    this.#clients.delete(step.client);
    this.#unsettled.delete(step.client);
    for (const address of this.#sentTo.get(step.client) ?? []) this.#left.add(address);
    this.#sentTo.delete(step.client);
  }

  async #send(step: ScriptStep, stanza: Element): Promise<void> {
    const client = this.#clients.get(step.client);
    if (client === undefined) {
      this.#log(`${step.client} is not connected and sends nothing`);
      return;
    }
    await this.#settle(step.client);
    const filled = this.#placeholders.fill(stanza);
    this.#log(`${step.client} sends ${serialise(filled)}`);
    client.send(filled);
    const to: unknown = filled.attrs["to"];
    const address = typeof to === "string" ? bare(to) : domainOf(client.jid);
    for (const addresses of [this.#unsettled, this.#sentTo]) {
      const known = addresses.get(step.client);
      if (known) known.add(address);
      else addresses.set(step.client, new Set([address]));
    }
  }

  async #receive(step: ScriptStep, stanza: Element): Promise<void> {
    const search = new Search(this.#placeholders.fill(stanza), this.#inOrder);
    const inbox = this.#clients.get(step.client)?.inbox;
    if (inbox === undefined) throw missed(this.script, step, search, "is not connected");
    const why = await search.lookIn(inbox, this.#timeoutMs);
    if (why !== undefined) throw missed(this.script, step, search, why);
  }

  async #receiveNothing(step: ScriptStep): Promise<void> {
    const client = this.#clients.get(step.client);
    if (client === undefined) return;
    await this.#settle(step.client);
    // Its own room first, then its server: what the room sent is then ahead of the server's answer.
    await this.#settle(undefined);
    if (!(await client.ping(domainOf(client.jid), this.#timeoutMs))) {
      throw new ScenarioFailure(
        this.script.file,
        step.line,
        `${step.client} receives nothing: ${client.inbox.ended ?? "its server does not answer a ping"}`,
      );
    }
    const stanzas = client.inbox.takeAll();
    if (stanzas.length > 0) throw unexpected(this.script, step, stanzas);
  }

  /**
   * Waits until what the others have sent has had its effect: each pings whatever it sent to, a room by its bare JID,
   * and is answered in order, after that; for those who have left, the one who acts does it. Sleeping would be slower,
   * and wrong on a busy machine.
   */
  async #settle(actor: string | undefined): Promise<void> {
    const rounds: Promise<boolean>[] = [];
    const acting = actor === undefined ? undefined : this.#clients.get(actor);
    if (acting !== undefined) {
      for (const address of this.#left) rounds.push(acting.ping(address, this.#timeoutMs));
      this.#left.clear();
    }
    for (const [name, addresses] of this.#unsettled) {
      if (name === actor) continue;
      this.#unsettled.delete(name);
      const client = this.#clients.get(name);
      if (client === undefined) continue;
      for (const address of addresses) rounds.push(client.ping(address, this.#timeoutMs));
    }
    if ((await Promise.all(rounds)).includes(false)) this.#log("a ping was not answered; going on");
  }

  #log(line: string): void {
    this.options.log?.(line);
  }
}

async function connectOverTcp(client: ScriptClient, options: ScenarioOptions): Promise<ScenarioClient> {
  return connectClient({
    jid: client.jid,
    password: client.password,
    host: client.connectHost ?? options.host ?? "127.0.0.1",
    port: client.connectPort ?? options.port ?? 5222,
    timeoutMs: options.timeoutMs ?? 5000,
  });
}
