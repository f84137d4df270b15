/**
 * What is loaded without being named, as in Prosody: `modules_disabled` takes out of it.
 *
 * The module manager reads this list; the core itself knows no module's name.
 */

/** On every VirtualHost, beside the global and its own `modules_enabled`. */
export const virtualHost: readonly string[] = ["presence", "message", "iq", "c2s"];

/** Modules of the global `modules_enabled` that components take over, too. */
export const inheritable: readonly string[] = ["server_contact_info"];

/** Once for the server. */
export const global: readonly string[] = ["admin_socket", "migrate"];
