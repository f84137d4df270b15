/** Where the upstream server takes components in. */
export interface Upstream {
  readonly host: string;
  readonly port: number;
}

/** What a value of `component_upstream` is: an address, or the reason why it is none. */
export type UpstreamResult =
  { readonly kind: "upstream"; readonly upstream: Upstream } | { readonly kind: "problem"; readonly message: string };

const EXPECTED = 'expected "xmpp://host:port"';
/** Port that servers and XEP-0114's examples use. */
const DEFAULT_PORT = 5347;

/**
 * Parser of the option `component_upstream`: `xmpp://127.0.0.1:5347`, `xmpp://[::1]:5347`, `xmpp://server.example`.
 *
 * The message of a problem has the form `expected …, got …`, to be put behind the option's name.
 */
export function parseUpstream(value: unknown): UpstreamResult {
  const problem = (why: string): UpstreamResult => ({
    kind: "problem",
    message: `${EXPECTED}, got ${JSON.stringify(value) ?? String(value)}${why}`,
  });
  if (typeof value !== "string") return problem("");
  const [, scheme, authority = ""] = /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/)?(.*?)\/?$/i.exec(value.trim()) ?? [];
  if (scheme === undefined || !value.includes("//")) return problem("");
  if (scheme.toLowerCase() === "xmpps") return problem(": component connections have no TLS (XEP-0114); use a tunnel");
  if (scheme.toLowerCase() !== "xmpp") return problem(`: ${scheme} is another protocol`);
  const [, bracketed, plain, portText] =
    /^(?:\[([0-9a-f:.%]+)\]|([^\s:/@[\]?#]+))(?::(\d{1,5}))?$/i.exec(authority) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) return problem("");
  const port = portText === undefined ? DEFAULT_PORT : Number(portText);
  if (port < 1 || port > 65_535) return problem(": no such port");
  return { kind: "upstream", upstream: { host, port } };
}

/** `xmpp://127.0.0.1:5347`. */
export function formatUpstream({ host, port }: Upstream): string {
  return `xmpp://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
