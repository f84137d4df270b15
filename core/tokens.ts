/** Injection tokens: typed symbols. Imports types only. */
import type { Config } from "./config/config.js";
import type { Hosts } from "./hosts/hosts.js";
import type { Logger } from "./log/logger.js";
import type { ModuleApi } from "./modules/api.js";
import type { Router } from "./router/router.js";
import type { Json, StoreType, StoreTypes } from "./storage/store.js";
import type { Clock } from "./timers/clock.js";

declare const valueType: unique symbol;

/** A symbol that knows the type of what is injected for it. */
export type Token<T> = symbol & { readonly [valueType]?: T };

const tokens = new Map<string, symbol>();
const providers = new Map<symbol, string>();

/**
 * Makes a token, or finds it: the same description is the same token. So a module and those that use its service need
 * not have a file in common, of which each would be given a copy of its own.
 * @param description names the service, shown when nothing provides it: `"Karma"`; where others may have the same idea,
 *   with the module's name: `"muc_karma/Karma"`
 * @param providedBy name of the module (without `mod_`) that provides it; asking for the token then loads that module
 */
export function createToken<T>(description: string, providedBy?: string): Token<T> {
  const token = tokens.get(description) ?? Symbol(description);
  tokens.set(description, token);
  if (providedBy !== undefined) providers.set(token, providedBy);
  return token as Token<T>;
}

/** Name of the module that provides a token, if one was declared. */
export function providerOf(token: symbol): string | undefined {
  return providers.get(token);
}

/** What a token of {@link storeToken} stands for. */
export interface StoreRequest {
  /** `undefined`: the name of the module that asks. */
  readonly name: string | undefined;
  readonly type: StoreType;
}

const stores = new Map<symbol, StoreRequest>();

/**
 * The token of a store of the module's host, as `module.openStore(name, type)` gives it:
 *
 * ```ts
 * constructor(@inject(storeToken("karma", "map")) private readonly karma: MapStore<number>) {}
 * ```
 *
 * The same arguments are the same token; each module is given the store of its own host. Global modules have none: one
 * that asks for it does not load.
 * @param name default: the name of the module that asks
 * @param type default: `keyval`
 */
export function storeToken<T = Json, K extends StoreType = "keyval">(
  name?: string,
  type: K = "keyval" as K,
): Token<StoreTypes<T>[K]> {
  const token = createToken<StoreTypes<T>[K]>(name === undefined ? `Store(${type})` : `Store(${type} ${name})`);
  stores.set(token, { name, type });
  return token;
}

/** The store that a token stands for, if it was made by {@link storeToken}. */
export function storeOf(token: symbol): StoreRequest | undefined {
  return stores.get(token);
}

/** The module's own `module` object. */
export const ModuleApiToken = createToken<ModuleApi>("ModuleApi");
/** Logger of the module, named `host:module`. */
export const LoggerToken = createToken<Logger>("Logger");
/** The time; tests put a fake one in. */
export const ClockToken = createToken<Clock>("Clock");
/** The whole configuration; a module reads its own options through its `module` object. */
export const ConfigToken = createToken<Config>("Config");
/** All hosts served here. */
export const HostsToken = createToken<Hosts>("Hosts");
/** The router: where a link hands in what it received. */
export const RouterToken = createToken<Router>("Router");
