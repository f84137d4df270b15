import {
  childText,
  errorReply,
  getChild,
  isClientStream,
  NS_BIND,
  NS_SESSION,
  reply,
  StanzaError,
  xml,
  type ClientStream,
  type Element,
  type ModuleApi,
} from "chorus-muc";

/** Binds resources to streams that have logged in (RFC 6120 §7). */
export class ResourceBinding {
  constructor(private readonly module: ModuleApi) {}

  load(): void {
    this.module.hook("stream-features", ({ origin, features }) => {
      if (!isClientStream(origin) || origin.username === undefined) return;
      features.append(xml("bind", NS_BIND, xml("required", {})));
      features.append(xml("session", NS_SESSION, xml("optional", {})));
    });
    this.module.hook(`stanza/iq/${NS_BIND}:bind`, ({ origin, stanza }) => {
      if (!isClientStream(origin) || origin.username === undefined) return undefined;
      origin.hold(this.#bind(origin, stanza));
      return true;
    });
    // One resource a stream (RFC 6120 §7.1): a second request is refused.
    this.module.hook(
      `iq-set/self/${NS_BIND}:bind`,
      () => new StanzaError({ type: "cancel", condition: "not-allowed" }),
    );
    const session = (): Element => xml("iq", {});
    this.module.hook(`iq-set/self/${NS_SESSION}:session`, session);
    this.module.hook(`iq-set/host/${NS_SESSION}:session`, session);
  }

  async #bind(stream: ClientStream, stanza: Element): Promise<void> {
    const request = getChild(stanza, "bind", NS_BIND);
    const wanted = request && childText(request, "resource", NS_BIND);
    if (stanza.attrs["type"] !== "set") {
      stream.send(errorReply(stanza, new StanzaError({ type: "modify", condition: "bad-request" })));
      return;
    }
    const result = await stream.bind(wanted === "" ? undefined : wanted);
    if (result instanceof StanzaError) {
      stream.send(errorReply(stanza, result));
      return;
    }
    const answer = reply(stanza);
    delete answer.attrs["to"];
    answer.append(xml("bind", NS_BIND, xml("jid", {}, result.fullJid)));
    stream.send(answer);
  }
}
