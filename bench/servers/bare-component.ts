/**
 * The floor of what an attached server costs: a component (XEP-0114) that puts the sender and each recipient into the
 * text of a stanza, and writes once for each that it gets. It takes everybody in, and knows no rules.
 */
import { createHash } from "node:crypto";
import { connect } from "node:net";
import { ROOMS } from "./server.js";

const [port = "", secret = ""] = process.argv.slice(2);

/** A whole stanza at the beginning of what has come. */
const STANZA = /^\s*<(message|presence|iq)\b(?:[^>]*\/>|[^]*?<\/\1>)/;

/** As long as a room's, so that as many bytes are sent. */
const OCCUPANT_ID = `<occupant-id xmlns='urn:xmpp:occupant-id:0' id='${"i".repeat(44)}'/>`;

/** Everybody in a room, by real address: the address there, and its presence. */
const rooms = new Map<string, Map<string, string>>();

function attribute(tag: string, name: string): string {
  return new RegExp(` ${name}=["']([^"']*)["']`).exec(tag)?.[1] ?? "";
}

/** What is written for a stanza. */
function answer(stanza: string): string {
  const end = stanza.indexOf(">");
  const tag = stanza.slice(0, end);
  const kind = /^<\w+/.exec(tag)?.[0] ?? "";
  if (kind !== "<message" && kind !== "<presence") return "";
  const from = attribute(tag, "from");
  const [room = "", nick = ""] = attribute(tag, "to").split("/");
  let occupants = rooms.get(room);
  if (!occupants) rooms.set(room, (occupants = new Map()));
  let text = "";
  if (kind === "<presence") {
    for (const other of occupants.values()) text += `<presence from='${other}' to='${from}'/>`;
    occupants.set(from, `${room}/${nick}`);
    for (const to of occupants.keys()) text += `<presence from='${room}/${nick}' to='${to}'/>`;
    return text;
  }
  const before = `<message type='groupchat' from='${occupants.get(from) ?? ""}' to='`;
  const after = `'${stanza.slice(end).replace("</message>", `${OCCUPANT_ID}</message>`)}`;
  for (const to of occupants.keys()) text += before + to + after;
  return text;
}

let unread = "";
let attached = false;
const socket = connect({ port: Number(port), host: "127.0.0.1", noDelay: true });
socket.setEncoding("utf8");
socket.write(
  `<stream:stream to='${ROOMS}' xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams'>`,
);
socket.on("data", (chunk: string) => {
  unread += chunk;
  if (!attached) {
    const id = attribute(unread, "id");
    if (unread.includes("<handshake")) {
      attached = true;
      unread = "";
      console.log("bare component attached");
    } else if (id !== "") {
      unread = "";
      socket.write(
        `<handshake>${createHash("sha1")
          .update(id + secret)
          .digest("hex")}</handshake>`,
      );
    }
    return;
  }
  for (let match = STANZA.exec(unread); match; match = STANZA.exec(unread)) {
    unread = unread.slice(match[0].length);
    const text = answer(match[0].trimStart());
    if (text !== "") socket.write(text);
  }
});
socket.on("close", () => process.exit(1));
