import {
  HostsToken,
  inject,
  injectable,
  isRequest,
  ModuleApiToken,
  StanzaError,
  type DeferredRequest,
  type Hosts,
  type ModuleApi,
  type Origin,
} from "chorus-muc";

/** Requests remembered per session before those that were answered meanwhile are forgotten. */
const SWEEP_AT = 64;

/** Passes iqs to the sessions they are addressed to (RFC 6121 §8.5.3.2.3), and answers for sessions that leave. */
@injectable()
export default class IqDelivery {
  readonly #open = new Map<Origin, DeferredRequest[]>();

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(HostsToken) private readonly hosts: Hosts,
  ) {}

  load(): void {
    this.module.hook("iq/full", (event) => {
      const { stanza } = event;
      const session = this.hosts.get(this.module.host)?.sessions.get(String(stanza.attrs["to"]));
      if (!session) {
        return isRequest(stanza) ? new StanzaError({ type: "cancel", condition: "service-unavailable" }) : true;
      }
      if (isRequest(stanza)) this.#remember(session, event.defer());
      session.send(stanza);
      return true;
    });
    this.module.hook("resource-unbind", ({ session }) => {
      const requests = this.#open.get(session) ?? [];
      this.#open.delete(session);
      for (const request of requests) {
        request.fail(new StanzaError({ type: "wait", condition: "recipient-unavailable" }));
      }
    });
  }

  #remember(session: Origin, request: DeferredRequest): void {
    const requests = this.#open.get(session) ?? [];
    const kept = requests.length < SWEEP_AT ? requests : requests.filter(({ answered }) => !answered);
    this.#open.set(session, [...kept, request]);
  }
}
