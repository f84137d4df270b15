/**
 * The public API of Chorus: what a module may import from `chorus-muc`.
 *
 * @module chorus-muc
 */
import "reflect-metadata";

// Modules: what they are, what they are given, how they get at each other
export { inject, injectable } from "tsyringe";
export * from "./tokens.js";
export type * from "./modules/api.js";
export { API_VERSION, packageVersion } from "./package.js";

// Events: their names and payloads, and what results mean
export type * from "./events/events.js";
export type { EventDeclaration, EventKind } from "./events/bus.js";
export * from "./events/event-source.js";
export type * from "./router/stanza-event.js";

// Stanzas and addresses
export * from "./xmpp/element.js";
export * from "./xmpp/jid.js";
export * from "./xmpp/namespaces.js";
export * from "./xmpp/date-time.js";
export { parseStanza } from "./xmpp/parse.js";
export * from "./xmpp/reply.js";
export * from "./xmpp/stanza-error.js";
export { StanzaTemplate, escapeAttribute, serialise } from "./xmpp/template.js";

// Hosts, and who is on them
export type * from "./hosts/host.js";
export type * from "./hosts/hosts.js";
export type { Session } from "./hosts/sessions.js";
export * from "./hosts/accounts.js";
export type * from "./hosts/adhoc.js";

// Sending: one stanza, one text to many, what is held back
export type { Router } from "./router/router.js";
export { Recipients } from "./router/delivery.js";
export type * from "./router/delivery.js";
export { Outbox, type OutboxEntry } from "./router/outbox.js";
export { Backlog } from "./router/backlog.js";

// Metrics, and how a module is doing
export type { Measures } from "./metrics/measures.js";
export type { MetricFamily, MetricOptions, MetricSeries, MetricType } from "./metrics/metrics.js";
export type { StatusType } from "./modules/status.js";

// Configuration, storage, time, log
export type { Config, ConfigProblem, ConfigValue, HostSection, Position } from "./config/config.js";
export { loadConfig, type LoadOptions } from "./config/load.js";
export type { LoadedConfig } from "./config/loaded-config.js";
export { ConfigError, type ConfigErrorCode } from "./config/config-error.js";
export type * from "./storage/store.js";
export { StorageError } from "./storage/store.js";

// What a Prosody has stored: for importers and exporters
export * from "./storage/prosody/index.js";
export * from "./storage/sql/index.js";
export type * from "./timers/clock.js";
export type * from "./log/logger.js";

// Streams: for modules that speak XMPP with somebody themselves
export * from "./links/client-stream.js";
export type { Link } from "./links/link.js";
export type * from "./links/outlet.js";
export { ReadShare, type ReadShareOptions } from "./links/read-share.js";
export { SendDeadline, type SendDeadlineOptions } from "./links/send-deadline.js";
export { StanzaDeadline, type StanzaDeadlineOptions, type Wait } from "./links/stanza-deadline.js";
export { SocketOutlet, type SocketOutletOptions } from "./links/socket-outlet.js";
export * from "./xmpp/stream-error.js";
export * from "./xmpp/stream-parser.js";

// Commands of chorusctl, and the socket through which it reaches a running server
export * from "./cli/command.js";
export type { ConfigExplainer, ConfigSetting, SettingExplanation } from "./cli/config-report.js";
export type { DataCheck } from "./cli/doctor.js";
export { runCommand, type RunOptions } from "./cli/run-command.js";
export * from "./cli/admin-protocol.js";
