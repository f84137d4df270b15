import type { Host } from "../hosts/host.js";
import type { Hosts } from "../hosts/hosts.js";
import { socketTurns } from "../links/turns.js";
import type { Logger } from "../log/logger.js";
import type { Timers } from "../timers/timers.js";
import { childElements, type Element } from "../xmpp/element.js";
import { bare, domainOf, hasDomain, parseJid } from "../xmpp/jid.js";
import { NS_CLIENT } from "../xmpp/namespaces.js";
import { errorReply, isRequest, mayBeAnswered, parseError, reply } from "../xmpp/reply.js";
import { StanzaError } from "../xmpp/stanza-error.js";
import { serialise, type StanzaTemplate } from "../xmpp/template.js";
import { Recipients, type DeliveryTarget } from "./delivery.js";
import type { Backlog } from "./backlog.js";
import { Fanout, type Failure } from "./fanout.js";
import { Outbox, sizeOfEntries, type HeldEntry, type OutboxEntry } from "./outbox.js";
import { Requests, type TrackedRequest } from "./requests.js";
import type { Router } from "./router.js";
import type { IqEvent, Origin, StanzaEvent } from "./stanza-event.js";

type AddressKind = "full" | "bare" | "host" | "self";
type StanzaName = "message" | "presence" | "iq";

/** What a handler may have answered with, before it is looked at. */
type Result = Element | StanzaError | boolean | undefined;

interface OwnRequest {
  readonly resolve: (answer: Element) => void;
  readonly reject: (error: StanzaError) => void;
}

/** What has come in while nothing is handled. */
interface WaitingStanza {
  readonly stanza: Element;
  readonly origin: Origin;
  /** It waits no longer. */
  readonly over: (() => void) | undefined;
}

/** Nobody waits longer for something that is done, {@link StanzaRouter.pauseWhile}. */
const LONGEST_PAUSE_SECONDS = 10;

/** Events of stanzas other than iq, as they are addressed. */
const EVENTS = { message: eventsOf("message"), presence: eventsOf("presence") };

const IQ_TYPES: ReadonlySet<string> = new Set(["get", "set", "result", "error"]);

function isStanzaName(name: string): name is StanzaName {
  return name === "message" || name === "presence" || name === "iq";
}

function eventsOf(name: StanzaName): Readonly<Record<AddressKind, string>> {
  return { full: `${name}/full`, bare: `${name}/bare`, host: `${name}/host`, self: `${name}/self` };
}

/** The event for an address of that kind: to look one up by a name that varies takes much longer. */
function eventAt(events: Readonly<Record<AddressKind, string>>, kind: AddressKind): string {
  if (kind === "bare") return events.bare;
  if (kind === "full") return events.full;
  return kind === "host" ? events.host : events.self;
}

function badRequest(text: string): StanzaError {
  return new StanzaError({ type: "modify", condition: "bad-request", text });
}

/** What is wrong with the shape of an iq (RFC 6120 §8.2.3), if anything. */
function iqFault(stanza: Element): StanzaError | undefined {
  const type: unknown = stanza.attrs["type"];
  if (typeof type !== "string" || !IQ_TYPES.has(type)) return badRequest("Invalid IQ type");
  if (!stanza.attrs["id"]) return badRequest("Missing required 'id' attribute");
  const children = childElements(stanza).length;
  if ((type === "get" || type === "set") && children !== 1) {
    return badRequest("Incorrect number of children for IQ stanza");
  }
  return undefined;
}

/** {@link Router}: dispatch to host buses, the answer to every iq, and delivery. */
export class StanzaRouter implements Router {
  readonly #hosts: Hosts;
  readonly #logger: Logger;
  readonly #timers: Timers;
  readonly #requests: Requests;
  readonly #fanout: Fanout;
  readonly #ownRequests = new Map<string, OwnRequest>();
  /** Iq answers that are no answer to a tracked request: those that are passed on, and those to what was never tracked. */
  readonly #passedOn = new WeakSet<Element>();
  /** Hosts that an upstream server spoke for although they are served here; each is told of once. */
  readonly #servedElsewhere = new Set<string>();
  #outbox: Outbox | undefined;
  /** What has come in during {@link pauseWhile}. */
  #waiting: WaitingStanza[] | undefined;

  constructor(options: { hosts: Hosts; logger: Logger; timers: Timers }) {
    this.#hosts = options.hosts;
    this.#logger = options.logger;
    this.#timers = options.timers;
    this.#requests = new Requests(options.timers);
    this.#fanout = new Fanout({
      outletFor: (jid, from) => this.#outletFor(jid, from),
      route: (stanza) => {
        this.#route(stanza, undefined);
      },
      letGo: (held, lane, failure) => {
        this.#letGo(held, lane, failure);
      },
    });
  }

  receive(stanza: Element, origin: Origin): void {
    if (this.#waiting && !this.#isOwnAnswer(stanza)) {
      this.#waiting.push({ stanza, origin, over: origin.backlog?.keep(stanza) });
      return;
    }
    try {
      this.#receive(stanza, origin);
    } catch (error) {
      this.#logger.log("error", "handling a stanza failed: %s", error instanceof Error ? error.stack : error);
    }
  }

  async pauseWhile<R>(work: () => Promise<R>): Promise<R> {
    if (this.#waiting) return work();
    const waiting: WaitingStanza[] = [];
    this.#waiting = waiting;
    const goOn = (): undefined => {
      if (this.#waiting === waiting) this.#waiting = undefined;
      for (const { stanza, origin, over } of waiting.splice(0)) {
        over?.();
        this.receive(stanza, origin);
      }
    };
    const timer = this.#timers.add(LONGEST_PAUSE_SECONDS, goOn);
    try {
      return await work();
    } finally {
      timer.stop();
      goOn();
    }
  }

  /** Whether a stanza may be the answer to a request of Chorus itself. */
  #isOwnAnswer(stanza: Element): boolean {
    return stanza.name === "iq" && !isRequest(stanza) && this.#ownRequests.size > 0;
  }

  #receive(stanza: Element, origin: Origin): void {
    if (!isStanzaName(stanza.name)) {
      this.#hosts.get(origin.host)?.events.fireUntyped(`stanza/${String(stanza.attrs["xmlns"] ?? "")}:${stanza.name}`, {
        origin,
        stanza,
      });
      return;
    }
    const fault = this.#prepare(stanza, origin) ?? (stanza.name === "iq" ? iqFault(stanza) : undefined);
    if (fault) {
      if (mayBeAnswered(stanza)) this.#refuseAtOnce(stanza, origin, fault);
      return;
    }
    if (stanza.name === "iq" && !isRequest(stanza)) {
      if (this.#resolveOwn(stanza)) return;
      this.#requests.settle(stanza);
      this.#passedOn.add(stanza);
    }
    if (origin.type === "c2s" && this.#stoppedBySender(stanza, origin)) return;
    // A server speaks to the component that it is attached to, and to nobody else.
    this.#dispatch(stanza, origin, origin.type === "component" ? origin.host : undefined);
  }

  /** Puts prepared addresses on a stanza from outside; from here on they are compared as they are. */
  #prepare(stanza: Element, origin: Origin): StanzaError | undefined {
    const attrs = stanza.attrs as Record<string, string | undefined>;
    if (origin.type === "c2s") attrs["from"] = origin.fullJid;
    else {
      const from = attrs["from"] === undefined ? undefined : parseJid(attrs["from"]);
      if (from === undefined) {
        return new StanzaError({
          type: "modify",
          condition: "jid-malformed",
          text: `The source address is invalid: ${attrs["from"] ?? ""}`,
        });
      }
      attrs["from"] = from;
    }
    if (attrs["to"] === undefined) {
      return origin.type === "component" ? badRequest("Missing 'to' address") : undefined;
    }
    const to = parseJid(attrs["to"]);
    if (to === undefined) {
      return new StanzaError({
        type: "modify",
        condition: "jid-malformed",
        text: `The destination address is invalid: ${attrs["to"]}`,
      });
    }
    attrs["to"] = to;
    if (origin.type === "component") {
      // An upstream server speaks to the component that it authenticated, to nobody else here, …
      if (!hasDomain(to, origin.host)) return new StanzaError({ type: "cancel", condition: "item-not-found" });
      // … and for nobody who is served here: their stanzas never come that way.
      const sender = this.#hosts.get(domainOf(attrs["from"] ?? ""));
      if (sender) return this.#servedTwice(sender, origin);
    }
    return undefined;
  }

  /** A server that a component is attached to has users of a host that is served here: somebody should choose. */
  #servedTwice({ name }: Host, origin: Origin): StanzaError {
    if (!this.#servedElsewhere.has(name)) {
      this.#servedElsewhere.add(name);
      const advice = "leave out the VirtualHost here, or the component_upstream";
      this.#logger.log(
        "warn",
        "the server that %s is attached to speaks for %s, which is served here: %s",
        origin.host,
        name,
        advice,
      );
    }
    return new StanzaError({ type: "auth", condition: "forbidden" });
  }

  /** The events with which a user's own host may stop what the user sends. */
  #stoppedBySender(stanza: Element, origin: Origin): boolean {
    const host = this.#hosts.get(origin.host);
    if (!host) return false;
    const { kind, toSelf } = this.#address(stanza, origin);
    const event: StanzaEvent = { origin, stanza, toSelf };
    if (host.events.fireUntyped("pre-stanza", event) !== undefined) return true;
    const name = `pre-${stanza.name as StanzaName}/${kind}` as const;
    if (!host.events.hasHandlers(name)) return false;
    const result = host.events.fireUntyped(name, event) as Result;
    if (result instanceof StanzaError && mayBeAnswered(stanza)) this.#refuseAtOnce(stanza, origin, result);
    return result !== undefined;
  }

  /** @param domain of the address, where that is known */
  #address(
    stanza: Element,
    origin: Origin,
    domain?: string,
  ): { readonly kind: AddressKind; readonly domain: string; readonly toSelf: boolean } {
    const to = stanza.attrs["to"] as string | undefined;
    if (to === undefined) return { kind: "bare", domain: origin.host, toSelf: true };
    domain ??= domainOf(to) as string;
    const slash = to.indexOf("/");
    // Addressed to a host, whatever its resource, as in Prosody.
    if (to.length === domain.length || slash === domain.length) return { kind: "host", domain, toSelf: false };
    const kind = slash === -1 ? "bare" : "full";
    const toSelf =
      kind === "bare" && origin.type === "c2s" && origin.fullJid !== undefined && to === bare(origin.fullJid);
    return { kind, domain, toSelf };
  }

  /** Fires the events of a stanza on the host it is addressed to, or hands it to the link of the host it is from. */
  #dispatch(stanza: Element, origin: Origin, toDomain?: string): void {
    const { kind, domain, toSelf } = this.#address(stanza, origin, toDomain);
    const host = this.#hosts.get(domain);
    if (!host) {
      this.#leave(stanza, origin);
      return;
    }
    if (toSelf) delete stanza.attrs["to"];
    if (stanza.name === "iq") this.#dispatchIq(host, kind, stanza, origin, toSelf);
    else this.#dispatchOther(host, kind, stanza, origin, toSelf);
  }

  #dispatchOther(host: Host, kind: AddressKind, stanza: Element, origin: Origin, toSelf: boolean): void {
    const event: StanzaEvent = toSelf ? { origin, stanza, toSelf } : { origin, stanza };
    const names = stanza.name === "message" ? EVENTS.message : EVENTS.presence;
    let result = host.events.fireUntyped(eventAt(names, kind), event) as Result;
    if (result === undefined && toSelf) result = host.events.fireUntyped(names.self, event) as Result;
    if (result instanceof StanzaError) {
      if (mayBeAnswered(stanza)) this.#refuse(stanza, origin, result);
    } else if (result === undefined) this.#unhandled(stanza, origin);
  }

  #dispatchIq(host: Host, kind: AddressKind, stanza: Element, origin: Origin, toSelf: boolean): void {
    if (!isRequest(stanza)) {
      const event: StanzaEvent = toSelf ? { origin, stanza, toSelf } : { origin, stanza };
      this.#fireIqAnswer(host, kind, stanza, event, toSelf);
      return;
    }
    const request = this.#requests.track(stanza, (error) => {
      this.#refuse(stanza, origin, error);
    });
    const event: IqEvent = {
      origin,
      stanza,
      ...(toSelf && { toSelf }),
      defer: () => this.#requests.defer(request),
    };
    const result = this.#fireIqRequest(host, kind, stanza, event, toSelf);
    if (result instanceof Promise) {
      const over = origin.backlog?.keep(stanza);
      void result.then((value: Result) => {
        over?.();
        this.#finish(request, origin, value);
      });
    } else this.#finish(request, origin, result);
  }

  #fireIqAnswer(host: Host, kind: AddressKind, stanza: Element, event: StanzaEvent, toSelf: boolean): void {
    const nested = `iq-${String(stanza.attrs["type"])}`;
    const id = String(stanza.attrs["id"]);
    for (const at of toSelf ? [kind, "self"] : [kind]) {
      if (host.events.fireUntyped(`iq/${at}`, event) !== undefined) return;
      if (host.events.fireUntyped(`${nested}/${at}/${id}`, event) !== undefined) return;
    }
  }

  /** `iq/KIND`, then `iq/KIND/NS:NAME`, then `iq-get/…` or `iq-set/…`; for the own account also with `self`. */
  #fireIqRequest(
    host: Host,
    kind: AddressKind,
    stanza: Element,
    event: IqEvent,
    toSelf: boolean,
  ): Result | Promise<Result> {
    const child = childElements(stanza)[0];
    const payload = child ? `${String(child.attrs["xmlns"] ?? NS_CLIENT)}:${child.name}` : "";
    const type = stanza.attrs["type"] as "get" | "set";
    const names: string[] = [];
    for (const at of toSelf ? [kind, "self"] : [kind]) {
      names.push(`iq/${at}`, `iq/${at}/${payload}`, `iq-${type}/${at}/${payload}`);
    }
    return this.#fireInTurn(host, names, 0, event);
  }

  #fireInTurn(host: Host, names: readonly string[], from: number, event: IqEvent): Result | Promise<Result> {
    for (let i = from; i < names.length; i++) {
      const result = host.events.fireAsync(names[i] as "iq/full", event) as Result | Promise<Result>;
      if (result instanceof Promise) {
        return result.then((value) => value ?? this.#fireInTurn(host, names, i + 1, event));
      }
      if (result !== undefined) return result;
    }
    return undefined;
  }

  /** Turns what the handlers made of a request into its one answer. */
  #finish(request: TrackedRequest, origin: Origin, result: Result): void {
    const { stanza } = request;
    if (result === undefined)
      this.#refuse(stanza, origin, new StanzaError({ type: "cancel", condition: "service-unavailable" }));
    else if (result instanceof StanzaError) this.#refuse(stanza, origin, result);
    else if (typeof result === "object") {
      const { to, from, id, type } = reply(stanza).attrs as Record<string, string | undefined>;
      Object.assign(result.attrs, { type: result.attrs["type"] ?? type, id, ...(to && { to }), ...(from && { from }) });
      origin.send(result);
    } else if (!request.answered && !request.deferred) {
      this.#logger.log(
        "error",
        "a handler took iq %s from %s and did not answer it",
        stanza.attrs["id"],
        stanza.attrs["from"],
      );
      this.#refuse(stanza, origin, new StanzaError({ type: "cancel", condition: "internal-server-error" }));
    }
  }

  #refuse(stanza: Element, origin: Origin, error: StanzaError): void {
    origin.send(errorReply(stanza, error));
  }

  /** Refuses what never came to be tracked as a request. */
  #refuseAtOnce(stanza: Element, origin: Origin, error: StanzaError): void {
    const answer = errorReply(stanza, error);
    this.#passedOn.add(answer);
    origin.send(answer);
  }

  /** Nobody here handles it (RFC 6120 §8.4, RFC 6121 §8.5): an error, except where an answer would be wrong. */
  #unhandled(stanza: Element, origin: Origin): void {
    const type: unknown = stanza.attrs["type"];
    if (!mayBeAnswered(stanza) || (stanza.name === "presence" && type === "unavailable")) return;
    this.#refuse(stanza, origin, new StanzaError({ type: "cancel", condition: "service-unavailable" }));
  }

  send(stanza: Element, origin?: Origin): void {
    if (this.#outbox) {
      if (!this.#countsAsAnswer(stanza, this.#outbox)) return;
      this.#outbox.add({ kind: "route", stanza, origin });
    } else if (this.#countsAsAnswer(stanza, undefined)) this.#route(stanza, origin);
  }

  answer(stanza: Element, write: (stanza: Element) => void): void {
    if (!this.#countsAsAnswer(stanza, this.#outbox)) return;
    if (this.#outbox) this.#outbox.add({ kind: "answer", stanza, write });
    else write(stanza);
  }

  /** False for an iq answer that nobody waits for any longer: the second one to the same request. */
  #countsAsAnswer(stanza: Element, outbox: Outbox | undefined): boolean {
    if (stanza.name !== "iq" || isRequest(stanza) || this.#passedOn.has(stanza)) return true;
    const request = this.#requests.settle(stanza);
    if (request === "stray") {
      this.#logger.log("warn", "a second answer to iq %s of %s was dropped", stanza.attrs["id"], stanza.attrs["to"]);
      return false;
    }
    outbox?.addAnswered(request);
    return true;
  }

  request(stanza: Element, timeoutSeconds = 120): Promise<Element> {
    const { from, to, id } = stanza.attrs as Record<string, string | undefined>;
    if (!from || !to || !id || !isRequest(stanza)) {
      return Promise.reject(new TypeError("sendIq: an iq of type get or set with from, to and id is needed"));
    }
    const key = `${from}\0${to}\0${id}`;
    if (this.#ownRequests.has(key)) return Promise.reject(new StanzaError({ type: "modify", condition: "conflict" }));
    return new Promise((resolve, reject) => {
      const timer = this.#timers.add(timeoutSeconds, () => {
        this.#ownRequests.delete(key);
        reject(new StanzaError({ type: "wait", condition: "remote-server-timeout", text: "IQ stanza timed out" }));
        return undefined;
      });
      const settled = (): void => {
        timer.stop();
        this.#ownRequests.delete(key);
      };
      this.#ownRequests.set(key, {
        resolve: (answer) => {
          settled();
          resolve(answer);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      });
      this.send(stanza);
    });
  }

  /** Whether an answer was to a request of our own, whose promise it settles. */
  #resolveOwn(answer: Element): boolean {
    const { from, to, id } = answer.attrs as Record<string, string | undefined>;
    const own = this.#ownRequests.get(`${to ?? ""}\0${from ?? ""}\0${id ?? ""}`);
    if (!own) return false;
    if (answer.attrs["type"] === "result") own.resolve(answer);
    else own.reject(parseError(answer) ?? new StanzaError({ type: "cancel", condition: "undefined-condition" }));
    return true;
  }

  deliver(template: StanzaTemplate, to: Recipients | readonly DeliveryTarget[], lane?: object): void {
    if (this.#outbox) {
      const recipients = to instanceof Recipients ? to : new Recipients([...to]);
      this.#outbox.add({ kind: "deliver", template, recipients });
    } else this.#fanout.deliver(template, to instanceof Recipients ? to : new Recipients(to), lane);
  }

  hold(until: Promise<unknown>, fn: () => void, failed: (error: unknown) => void): void {
    if (!this.#outbox) throw new TypeError("hold: nothing is being collected");
    until.catch(() => undefined); // what is dropped waits for nothing
    const outbox = new Outbox();
    this.collect(outbox, fn);
    this.#outbox.add({ kind: "held", outbox, until, failed });
  }

  collect<R>(outbox: Outbox, fn: () => R): R {
    const outer = this.#outbox;
    this.#outbox = outbox;
    try {
      return fn();
    } finally {
      this.#outbox = outer;
    }
  }

  release(outbox: Outbox, lane?: object, backlog?: Backlog): void {
    const { entries } = outbox;
    outbox.clear();
    for (const entry of entries) this.#releaseEntry(entry, lane);
    if (backlog && lane && entries.length > 0 && this.#fanout.isBehind(lane)) {
      const bytes = sizeOfEntries(entries);
      backlog.add(bytes);
      this.#fanout.inTurn(lane, () => {
        backlog.remove(bytes);
      });
    }
  }

  #releaseEntry(entry: OutboxEntry, lane: object | undefined): void {
    if (this.#outbox) this.#outbox.add(entry);
    else if (entry.kind === "deliver") this.#fanout.deliver(entry.template, entry.recipients, lane);
    else if (entry.kind === "held") this.#fanout.hold(lane ?? {}, entry);
    else {
      this.#fanout.inTurn(lane, () => {
        if (entry.kind === "answer") entry.write(entry.stanza);
        else this.#route(entry.stanza, entry.origin);
      });
    }
  }

  #letGo({ outbox, failed }: HeldEntry, lane: object, failure: Failure | undefined): void {
    if (!failure) {
      this.release(outbox, lane);
      return;
    }
    this.drop(outbox);
    const instead = new Outbox();
    try {
      this.collect(instead, () => {
        failed(failure.error);
      });
    } catch (error) {
      this.#logger.log("error", "telling of a failure failed: %s", error instanceof Error ? error.stack : error);
    }
    this.release(instead, lane);
  }

  sendAtEndOfTurn(): void {
    socketTurns.waitForEnd();
  }

  drop(outbox: Outbox): void {
    for (const request of outbox.answered) this.#requests.reopen(request);
    for (const entry of outbox.entries) if (entry.kind === "held") this.drop(entry.outbox);
    outbox.clear();
  }

  /** Routes what Chorus made. */
  #route(stanza: Element, origin: Origin | undefined): void {
    try {
      if (stanza.name === "iq" && !isRequest(stanza)) {
        if (this.#resolveOwn(stanza)) return;
        this.#passedOn.add(stanza);
      }
      this.#dispatch(stanza, origin ?? this.#originOf(domainOf(String(stanza.attrs["from"] ?? ""))));
    } catch (error) {
      this.#logger.log("error", "routing a stanza failed: %s", error instanceof Error ? error.stack : error);
    }
  }

  /** Origin of what a host sends by itself: answers come back to it as stanzas. */
  #originOf(host: string): Origin {
    return {
      type: "local",
      host,
      log: (level, format, ...args) => {
        this.#logger.log(level, format, ...args);
      },
      send: (stanza) => {
        this.send(stanza);
        return true;
      },
    };
  }

  /** A stanza for somebody who is not served here. */
  #leave(stanza: Element, origin: Origin): void {
    const from = domainOf(String(stanza.attrs["from"] ?? ""));
    const link = this.#hosts.get(from)?.link;
    if (!link) {
      if (mayBeAnswered(stanza)) {
        this.#refuseAtOnce(stanza, origin, new StanzaError({ type: "cancel", condition: "remote-server-not-found" }));
      }
      return;
    }
    // Nothing is queued for a link that is down: history and archive fill the gap.
    link.outlet?.write(serialise(stanza));
  }

  #outletFor(jid: string, from: string): ReturnType<ConstructorParameters<typeof Fanout>[0]["outletFor"]> {
    const host = this.#hosts.get(domainOf(jid));
    if (host) return host.sessions.get(jid)?.outlet ?? "route";
    const link = this.#hosts.get(domainOf(from))?.link;
    return link ? (link.outlet ?? "lost") : "route";
  }
}
