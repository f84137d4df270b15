/** What module authors may write about events and what does not compile; checked by the compiler, not at run time. */
import { test } from "node:test";
import { StanzaError, xml, type Element, type ModuleApi, type Stoppable, type Suspendable } from "chorus-muc";
import "chorus-muc/muc";

/** The exports of a module, as that module declares them. */
interface Court {
  verdictOn(name: string): "guilty" | "not guilty";
}

declare module "chorus-muc" {
  interface HostEvents {
    /** @internal */
    "types-test-told": { readonly name: string; verdict?: string };
    /** @internal */
    "types-test-asked": Stoppable<{ readonly name: string }, number>;
    /** @internal */
    "types-test-awaited": Suspendable<{ readonly name: string }, StanzaError>;
    /** @internal */
    [key: `types-test-of/${string}`]: { readonly count: number };
  }
  interface ModuleExports {
    /** @internal */
    types_test_court: Court;
  }
}

const refusal = new StanzaError({ type: "cancel", condition: "not-allowed" });
const later = Promise.resolve(undefined);

export function names(module: ModuleApi): void {
  module.hook("resource-bind", () => undefined);
  // @ts-expect-error -- no such event
  module.hook("resource-bound", () => undefined);
  // @ts-expect-error -- no such event on the bus of the server
  module.hookGlobal("resource-bind", () => undefined);
  module.hookGlobal("server-started", () => undefined);
  // @ts-expect-error -- no such event on the bus of a host
  module.hook("server-started", () => undefined);
  // @ts-expect-error -- no such event
  module.unhook("resource-bound", () => undefined);
  // @ts-expect-error -- no such event
  module.wrapEvent("resource-bound", (next) => next());
  // @ts-expect-error -- no such event
  module.fireEvent("resource-bound", {});
  // @ts-expect-error -- no such event
  void module.fireEventAsync("resource-bound", {});
  const name: string = "resource-bound";
  // @ts-expect-error -- any text at all
  module.hook(name, () => undefined);
  module.hookUntyped(name, () => 1);
  module.fireUntyped(name, 1);
}

export function payloads(module: ModuleApi): void {
  module.hook("resource-unbind", ({ session, error }) => {
    session.send(xml("presence"));
    // @ts-expect-error -- there may be none
    error.trim();
  });
  // @ts-expect-error -- no such field
  module.hook("resource-unbind", ({ reason }) => void reason);
  module.hookUntyped("anything", (event) => {
    // @ts-expect-error -- nobody knows what it is
    void event.room;
  });
  // @ts-expect-error -- the payload lacks a field
  module.fireEvent("module-loaded", { module: "muc" });
  // @ts-expect-error -- a field of another type
  module.fireEvent("module-loaded", { module: "muc", host: 1 });
  // @ts-expect-error -- a field too many
  module.fireEvent("module-loaded", { module: "muc", host: "localhost", port: 1 });
  module.hook("module-loaded", (event) => {
    // @ts-expect-error -- is not to be replaced
    event.module = "other";
  });
}

export function results(module: ModuleApi): void {
  // What only tells: `undefined`, and nothing else.
  module.hook("resource-bind", () => undefined);
  module.hook("resource-bind", () => {
    module.log("debug", "bound");
  });
  // @ts-expect-error -- false would stop the chain
  module.hook("resource-bind", () => false);
  // @ts-expect-error -- true would stop the chain
  module.hook("resource-bind", () => true);
  // @ts-expect-error -- null is not undefined
  module.hook("resource-bind", () => null);
  // @ts-expect-error -- has happened, and cannot be refused
  module.hook("resource-bind", () => refusal);
  // @ts-expect-error -- is not awaited
  module.hook("resource-bind", () => later);
  // @ts-expect-error -- is not awaited
  module.hook("resource-bind", async () => {
    await later;
  });

  // What may be stopped, at once.
  for (const result of [undefined, true, false, refusal] as const) module.hook("message/bare", () => result);
  // @ts-expect-error -- is not awaited
  module.hook("message/bare", () => later);
  // @ts-expect-error -- not among the results
  module.hook("message/bare", () => "handled");
  // @ts-expect-error -- messages have no answer
  module.hook("message/bare", () => xml("message"));

  // What may be awaited, and answered.
  module.hook("iq-get/bare/urn:example:motto:motto", () => xml("iq"));
  module.hook("iq-set/host/urn:example:motto:motto", () => refusal);
  module.hook("iq-set/host/urn:example:motto:motto", (event) => {
    event.defer().fail(refusal);
    return true;
  });
  module.hook("iq/full", async (): Promise<Element | undefined> => {
    await later;
    return xml("iq");
  });
  module.hook("iq-set/host/urn:example:motto:motto", () => later, 0, { deadlineMs: 100, onTimeout: "continue" });
  // @ts-expect-error -- no such way out
  module.hook("iq-set/host/urn:example:motto:motto", () => later, 0, { onTimeout: "ignore" });
  // @ts-expect-error -- not among the results
  module.hook("iq-get/bare/urn:example:motto:motto", () => "motto");
  // @ts-expect-error -- no such address
  module.hook("iq-get/room/urn:example:motto:motto", () => xml("iq"));
  // @ts-expect-error -- an error, or nothing
  module.hook("pre-resource-bind", () => false);
}

export function ownEvents(module: ModuleApi): void {
  module.hook("types-test-told", (event) => {
    event.verdict = event.name.toUpperCase();
  });
  // @ts-expect-error -- only tells
  module.hook("types-test-told", () => false);
  // @ts-expect-error -- no such field
  module.fireEvent("types-test-told", { nickname: "Ada" });
  const answer: number | undefined = module.fireEvent("types-test-asked", { name: "Ada" });
  // @ts-expect-error -- nobody may answer
  answer.toFixed();
  module.hook("types-test-asked", ({ name }) => name.length);
  // @ts-expect-error -- not a number
  module.hook("types-test-asked", ({ name }) => name);
  // @ts-expect-error -- false is no number
  module.hook("types-test-asked", () => false);
  module.hook("types-test-awaited", () => Promise.resolve(refusal));
  // @ts-expect-error -- a promise of something else
  module.hook("types-test-awaited", () => Promise.resolve(1));
  const awaited: StanzaError | undefined | Promise<StanzaError | undefined> = module.fireEventAsync(
    "types-test-awaited",
    { name: "Ada" },
  );
  const atOnce: StanzaError | undefined = module.fireEvent("types-test-awaited", { name: "Ada" });
  void [awaited, atOnce];
  module.hook("types-test-of/anything", ({ count }) => void count.toFixed());
  // @ts-expect-error -- only tells
  module.hook("types-test-of/anything", ({ count }) => count);
}

export function exportsOfModules(module: ModuleApi): void {
  const verdict: "guilty" | "not guilty" = module.depends("types_test_court").verdictOn("Ada");
  void module.depends("muc_mam").placeOf;
  // @ts-expect-error -- mod_muc_mam exports nothing of the kind
  void module.depends("muc_mam").placesOf;
  // @ts-expect-error -- may not be there
  module.depends("types_test_court", true).verdictOn("Ada");
  module.depends("types_test_court", true)?.verdictOn("Ada");
  // @ts-expect-error -- nobody declared what it exports
  module.depends("types_test_unheard_of").verdictOn("Ada");
  const unheardOf: unknown = module.depends("types_test_unheard_of");
  void [verdict, unheardOf];
}

test("the types of events say what they should (compiled)", () => undefined);
