/**
 * The name of a section, prepared as every address is; `undefined` when it cannot be that of a host.
 */
export function prepareHostName(name: string): string | undefined {
  const prepared = name.normalize("NFKC").toLowerCase().replace(/\.$/, "");
  return prepared === "" || /[\s@/*"<>&']/u.test(prepared) ? undefined : prepared;
}
