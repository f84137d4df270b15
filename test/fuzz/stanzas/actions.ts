import type { ScriptStep } from "../../../core/testing/scansion.js";
import { readScript } from "../../../core/testing/scansion.js";
import { parseStanza } from "../../../core/xmpp/parse.js";
import { ownScripts } from "../../support/acceptance.js";
import type { Random } from "../../support/random.js";
import { unmarked } from "../corpus.js";
import { mutateTree, poolOf, type Pool } from "./mutate-tree.js";
import type { Element } from "../../../core/xmpp/element.js";

/** Something that happens to the service. */
export type Action =
  | { readonly kind: "send"; readonly who: string; readonly stanza: Element }
  | { readonly kind: "disconnect"; readonly who: string }
  /** The next write that has to be on disk fails. */
  | { readonly kind: "disk fails" }
  /** All that is under way happens first. */
  | { readonly kind: "settle" }
  | { readonly kind: "time passes"; readonly seconds: number };

/** What a script sends, by whom; clients are full JIDs. */
type Play = readonly Line[];

interface Line {
  readonly who: string;
  /** `undefined`: they disconnect. */
  readonly stanza: Element | undefined;
}

/** Scripts and further requests to make up what happens from. */
export interface Repertoire {
  readonly plays: readonly Play[];
  readonly pool: Pool;
}

/** Requests that no script makes, as rooms are not concerned, or not by the modules that it has. */
const REQUESTS = [
  "<iq type='get' id='q'><query xmlns='jabber:iq:roster'/></iq>",
  "<iq type='set' id='q'><query xmlns='jabber:iq:roster'><item jid='ben@localhost' name='Ben'><group>friends</group></item></query></iq>",
  "<iq type='set' id='q'><query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'><conference jid='room@conference.localhost'/></storage></query></iq>",
  "<iq type='get' id='q'><query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/></query></iq>",
  "<iq type='set' id='q'><vCard xmlns='vcard-temp'><FN>Ada</FN><PHOTO><TYPE>image/png</TYPE><BINVAL>iVBORw0KGgo=</BINVAL></PHOTO></vCard></iq>",
  "<iq type='get' id='q' to='ben@localhost'><vCard xmlns='vcard-temp'/></iq>",
  "<iq type='get' id='q' to='localhost'><query xmlns='jabber:iq:register'/></iq>",
  "<iq type='set' id='q' to='localhost'><query xmlns='jabber:iq:register'><username>ada</username><password>new</password></query></iq>",
  "<iq type='set' id='q'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>",
  "<iq type='get' id='q' to='ben@localhost/phone'><query xmlns='jabber:iq:version'/></iq>",
  "<iq type='get' id='q' to='localhost'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
  "<iq type='get' id='q' to='localhost'><query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/commands'/></iq>",
  "<iq type='get' id='q' to='conference.localhost'><query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/commands'/></iq>",
  "<iq type='get' id='q' to='conference.localhost'><query xmlns='http://jabber.org/protocol/disco#items'><set xmlns='http://jabber.org/protocol/rsm'><max>2</max><after>a@conference.localhost</after></set></query></iq>",
  "<iq type='set' id='q' to='conference.localhost'><command xmlns='http://jabber.org/protocol/commands' node='http://jabber.org/protocol/muc#destroy' action='execute'/></iq>",
  "<iq type='set' id='q' to='conference.localhost'><command xmlns='http://jabber.org/protocol/commands' node='{{node#0}}' sessionid='{{sessionid#0}}' action='next'><x xmlns='jabber:x:data' type='submit'><field var='room'><value>room@conference.localhost</value></field></x></command></iq>",
  "<iq type='set' id='q' to='room@conference.localhost'><command xmlns='http://jabber.org/protocol/commands' node='{{node#1}}' action='execute'/></iq>",
  "<iq type='set' id='q' to='room@conference.localhost'><command xmlns='http://jabber.org/protocol/commands' node='{{node#0}}' sessionid='{{sessionid#0}}' action='cancel'/></iq>",
  "<iq type='get' id='q' to='conference.localhost'><query xmlns='jabber:iq:search'/></iq>",
  "<iq type='set' id='q' to='conference.localhost'><query xmlns='jabber:iq:search'><first>room</first></query></iq>",
  "<iq type='set' id='q' to='room@conference.localhost'><query xmlns='urn:xmpp:mam:2' queryid='x'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>urn:xmpp:mam:2</value></field><field var='start'><value>2025-01-01T00:00:00Z</value></field><field var='after-id'><value>{{id#2}}</value></field></x><set xmlns='http://jabber.org/protocol/rsm'><max>3</max><before>{{id#0}}</before></set></query></iq>",
  "<iq type='get' id='q' to='room@conference.localhost'><metadata xmlns='urn:xmpp:mam:2'/></iq>",
  "<message to='room@conference.localhost' type='groupchat'><body>hello</body></message>",
  "<message to='room@conference.localhost' type='groupchat'><subject>Matters</subject></message>",
  "<message to='room@conference.localhost' type='error'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
  "<message to='room@conference.localhost/Ben' type='chat'><body>psst</body></message>",
  "<presence/>",
  "<presence to='ben@localhost' type='subscribe'/>",
  "<presence to='room@conference.localhost/Ada'><x xmlns='http://jabber.org/protocol/muc'/></presence>",
  "<presence to='room@conference.localhost/Ben' type='unavailable'/>",
];

/** People that anything may be sent by. */
const PEOPLE = ["ada@localhost/study", "ben@localhost/phone", "cleo@localhost/laptop", "admin@localhost/desk"];

/** Reads what there is to make up things from. */
export function repertoire(): Repertoire {
  const plays = ownScripts().map(({ file }) => {
    const { clients, steps } = readScript(file);
    const names = new Map(clients.map(({ name, jid }) => [name, jid.includes("/") ? jid : `${jid}/${name}`]));
    const who = (step: ScriptStep): string => names.get(step.client) ?? PEOPLE[0] ?? "";
    return steps.flatMap((step): Line[] => {
      if (step.kind === "sends") return [{ who: who(step), stanza: withJids(unmarked(step.stanza), names) }];
      return step.kind === "disconnects" ? [{ who: who(step), stanza: undefined }] : [];
    });
  });
  const others = REQUESTS.map((text) => [{ who: PEOPLE[0] ?? "", stanza: parseStanza(text) }]);
  return { plays, pool: poolOf([...plays, ...others].flatMap((play) => play.flatMap(({ stanza }) => stanza ?? []))) };
}

/** What happens, all of it settled by the random numbers: a few scripts at a time, in the same rooms, with faults. */
export function actionsFor(random: Random, { plays, pool }: Repertoire, length: number): Action[] {
  const rooms = ["room@conference.localhost", "hall@conference.localhost"];
  const running = [0, 1, 2].map(() => ({ play: random.pick(plays), at: 0, room: random.pick(rooms) }));
  const failing = random.below(3) === 0;
  const actions: Action[] = [];
  let id = 0;
  const send = (who: string, original: Element, room: string): void => {
    const stanza = inRoom(original, room);
    const broken = random.below(5) < 2 ? mutateTree(stanza, random, pool) : stanza;
    const isAnswer = random.below(20) === 0;
    if (isAnswer) broken.attrs["type"] = broken.name === "iq" ? random.pick(["result", "error"]) : "error";
    // An id of its own where there is one, to know the answer by; scripts tell each other of those of messages.
    if (isAnswer || (broken.attrs["id"] !== undefined && broken.name !== "message")) broken.attrs["id"] = `f${++id}`;
    actions.push({ kind: "send", who, stanza: broken });
  };
  while (actions.length < length) {
    const dice = random.below(100);
    const one = random.pick(running);
    const step = one.play[one.at++];
    if (step === undefined) Object.assign(one, { play: random.pick(plays), at: 0 });
    else if (step.stanza === undefined) actions.push({ kind: "disconnect", who: step.who });
    else send(step.who, step.stanza, one.room);
    if (dice < 12) send(random.pick(PEOPLE), parseStanza(random.pick(REQUESTS)), random.pick(rooms));
    else if (dice < 14) actions.push({ kind: "disconnect", who: random.pick(PEOPLE) });
    else if (dice < 16) actions.push({ kind: "time passes", seconds: random.pick([1, 60, 600, 90_000]) });
    else if (dice < 20 && failing) actions.push({ kind: "disk fails" });
    if (random.below(2) === 0) actions.push({ kind: "settle" });
  }
  return actions;
}

const PLACEHOLDER = /\$\{([^}]*?)'s (full )?JID\}/g;
const LEARNED = /\$\{(stanza-id|occupant-id) of [^}]*\}/g;

/** Placeholders of scripts, filled in: JIDs at once, ids when they are known. */
function withJids(stanza: Element, names: ReadonlyMap<string, string>): Element {
  return mapTexts(stanza, (text) =>
    text
      .replace(PLACEHOLDER, (_, name: string, full?: string) => {
        const jid = names.get(name) ?? "nobody@localhost/x";
        return full === undefined ? (jid.split("/")[0] ?? jid) : jid;
      })
      .replace(LEARNED, (_, what: string) => `{{${what}#0}}`),
  );
}

/** The same stanza, to another room. */
function inRoom(stanza: Element, room: string): Element {
  return mapTexts(stanza, (text) => text.replace(/[^@\s"'/]+@conference\.localhost/g, room));
}

/** A copy with other attribute values and texts. */
export function mapTexts(element: Element, change: (text: string) => string): Element {
  const copy = parseStanza("<x/>");
  copy.name = element.name;
  for (const [name, value] of Object.entries(element.attrs as Record<string, unknown>)) {
    if (typeof value === "string") copy.attrs[name] = name === "xmlns" ? value : change(value);
  }
  for (const child of element.children as (Element | string)[]) {
    copy.append(typeof child === "string" ? change(child) : mapTexts(child, change));
  }
  return copy;
}
