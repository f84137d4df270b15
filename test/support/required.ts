/** What a test needs that not every machine has. */

/** Whether a missing one fails the test; CI sets it. */
const isRequired = process.env["CHORUS_REQUIRE_PEERS"] === "1";

/**
 * Options for a test that needs something: it is skipped, with the reason, where that is missing; with
 * `CHORUS_REQUIRE_PEERS=1` it runs all the same, and fails.
 * @param missing why it cannot run here
 */
export function needs(missing: string | undefined): { readonly skip?: string } {
  return missing === undefined || isRequired ? {} : { skip: missing };
}
