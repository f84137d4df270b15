import { nameprep, type Config, type ModuleApi } from "chorus-muc";

/** What a host of ejabberd's is here. */
export type Target =
  | { readonly kind: "here"; readonly name: string; readonly module: ModuleApi }
  /** Why nothing of it is brought over, and whether that is a loss. */
  | { readonly kind: "lost" | "left"; readonly reason: string };

/** The hosts that records are of, as they are here. */
export class ImportHosts {
  readonly #known = new Map<string, Target>();

  constructor(
    private readonly module: ModuleApi,
    private readonly config: Config,
    /** Hosts to bring over; none: all. */
    private readonly wanted: ReadonlySet<string>,
    /** Whose the records are that name no host. */
    private readonly ofAccounts: string | undefined,
  ) {}

  /** The host of a room. */
  rooms(host: string): Target {
    return this.#find(host, "rooms");
  }

  /** The host of an account. */
  accounts(host: string | undefined): Target {
    const name = host ?? this.ofAccounts;
    if (name !== undefined) return this.#find(name, "accounts");
    return { kind: "lost", reason: "it does not say of which host it is: say that by --host" };
  }

  #find(host: string, what: "rooms" | "accounts"): Target {
    const key = `${what} ${host}`;
    const known = this.#known.get(key);
    if (known) return known;
    const target = this.#look(host, what);
    this.#known.set(key, target);
    return target;
  }

  #look(written: string, what: "rooms" | "accounts"): Target {
    const name = nameprep(written);
    if (name === undefined) return { kind: "lost", reason: `${written} is no name of a host` };
    if (this.wanted.size > 0 && !this.wanted.has(name))
      return { kind: "left", reason: "--host does not name its host" };
    const section = this.config.hosts.find((host) => host.name === name);
    const isHere = what === "rooms" ? section?.componentModule === "muc" : section?.type === "VirtualHost";
    if (isHere) return { kind: "here", name, module: this.module.context(name) };
    if (what === "rooms") return { kind: "lost", reason: `there is no Component "${name}" "muc" here: add it` };
    return { kind: "left", reason: "this Chorus has no such host: its accounts stay where they are" };
  }
}
