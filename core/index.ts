/**
 * The public API of Chorus: what a module may import from `chorus-muc`.
 */
import "reflect-metadata";

export { inject, injectable } from "tsyringe";
export * from "./tokens.js";
export * from "./xmpp/element.js";
export * from "./xmpp/jid.js";
export { parseStanza } from "./xmpp/parse.js";
export * from "./xmpp/reply.js";
export * from "./xmpp/stanza-error.js";
export * from "./xmpp/stream-error.js";
export * from "./xmpp/stream-parser.js";
export { StanzaTemplate, escapeAttribute, serialise } from "./xmpp/template.js";
export * from "./cli/admin-protocol.js";
export type * from "./cli/command.js";
export { EXIT_USAGE, runCommand, type RunOptions } from "./cli/run-command.js";
export type * from "./config/config.js";
export type * from "./events/events.js";
export * from "./hosts/accounts.js";
export type * from "./hosts/adhoc.js";
export type * from "./hosts/host.js";
export type * from "./hosts/hosts.js";
export type { Session } from "./hosts/sessions.js";
export * from "./links/client-stream.js";
export type { EventDeclaration, EventKind } from "./events/bus.js";
export type * from "./links/outlet.js";
export { SocketOutlet, type SocketOutletOptions } from "./links/socket-outlet.js";
export type * from "./log/logger.js";
export type * from "./modules/api.js";
export { packageVersion } from "./package.js";
export type * from "./router/delivery.js";
export { Outbox, type OutboxEntry } from "./router/outbox.js";
export type { Router } from "./router/router.js";
export type * from "./router/stanza-event.js";
export type { Link } from "./links/link.js";
export type * from "./storage/store.js";
export { StorageError } from "./storage/store.js";
export type * from "./timers/clock.js";
