import { HostsToken, inject, injectable, ModuleApiToken, type Hosts, type ModuleApi } from "chorus-muc";
import { MucToken, type Muc, type RoomAction } from "chorus-muc/muc";
import { standardActions } from "./actions.js";
import { adhocOf } from "./adhoc.js";
import { bindAction } from "./bound-action.js";
import { BOUND_ACTION, commandOf } from "./chorusctl.js";

/** Items that were made of an action, by key. */
type Offer = readonly (readonly [key: string, item: unknown])[];

/**
 * What the operator can do with rooms: list, show, create, configure and destroy them, see who is inside, change
 * affiliations and roles. Each is a {@link RoomAction}, of which two things are made: a command `chorusctl muc …`, and an
 * ad-hoc command for admins of the service (XEP-0050). Actions of other modules are taken in the same way.
 */
@injectable()
export default class MucAdmin {
  static readonly requires = ["muc"];
  readonly #offers = new Map<RoomAction, Offer>();

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(MucToken) private readonly muc: Muc,
    @inject(HostsToken) private readonly hosts: Hosts,
  ) {}

  load(): void {
    const { module, muc } = this;
    module.handleItems<RoomAction>(
      "muc-action",
      (action) => {
        this.#add(action);
      },
      (action) => {
        this.#remove(action);
      },
    );
    for (const action of standardActions(muc, module.host)) module.addItem("muc-action", action);
  }

  #add(action: RoomAction): void {
    const { module, muc } = this;
    const bound = bindAction(action, { host: module.host, muc, log: module.log.bind(module) });
    const offer: Offer = [
      [BOUND_ACTION, bound],
      ["command-provider", commandOf(bound, this.hosts)],
      ["adhoc-provider", adhocOf(bound)],
    ];
    this.#offers.set(action, offer);
    for (const [key, item] of offer) module.addItem(key, item);
  }

  #remove(action: RoomAction): void {
    for (const [key, item] of this.#offers.get(action) ?? []) this.module.removeItem(key, item);
    this.#offers.delete(action);
  }
}
