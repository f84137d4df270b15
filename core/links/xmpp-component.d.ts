/** The part of `@xmpp/component` 0.13.1 that the component link uses, underscored internals included; it ships no types. */
declare module "@xmpp/component" {
  import type { EventEmitter } from "node:events";
  import type { Socket } from "node:net";

  export interface ComponentEntity {
    /** Milliseconds until it gives up waiting; 0: never. */
    timeout: number;
    /** Made once per connection, with `new`. */
    Socket: new () => Socket;
    /** Made once per stream, with `new`; emits `start`, `element`, `end`. */
    Parser: new () => EventEmitter;
    readonly reconnect: { stop(): void };
    socketParameters: (service: string) => { host: string; port: number };
    on(event: "error", listener: (error: unknown) => void): void;
    /** Connects, opens the stream and authenticates. */
    start(): Promise<unknown>;
  }

  export function component(options: { service: string; domain: string; password: string }): ComponentEntity;
}
