import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { generate } from "selfsigned";

/** Files of a certificate and its key, absolute. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** Certificate (with its chain) and key, PEM. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

/** The files of a host in a folder of certificates, in the layouts that Prosody and ACME clients use. */
export function findCertificate(folder: string, host: string): CertificateFiles | undefined {
  const layouts: CertificateFiles[] = [
    { certificate: join(folder, `${host}.crt`), key: join(folder, `${host}.key`) },
    { certificate: join(folder, host, "fullchain.pem"), key: join(folder, host, "privkey.pem") },
    { certificate: join(folder, `${host}.pem`), key: join(folder, `${host}.key`) },
  ];
  return layouts.find(({ certificate, key }) => existsSync(certificate) && existsSync(key));
}

/** @throws Error when a file cannot be read */
export async function readCertificate({ certificate, key }: CertificateFiles): Promise<CertificatePair> {
  return { cert: await readFile(certificate, "utf8"), key: await readFile(key, "utf8") };
}

const VALID_YEARS = 10;

/**
 * A certificate that the host signs itself: made once, kept in `folder`, the key readable by its owner only.
 * @returns whether it was made just now
 */
export async function selfSignedCertificate(
  folder: string,
  host: string,
  now: Date,
): Promise<CertificatePair & { readonly isNew: boolean }> {
  const files = { certificate: join(folder, `${host}.crt`), key: join(folder, `${host}.key`) };
  if (existsSync(files.certificate) && existsSync(files.key))
    return { ...(await readCertificate(files)), isNew: false };
  const notAfterDate = new Date(now);
  notAfterDate.setFullYear(notAfterDate.getFullYear() + VALID_YEARS);
  const made = await generate([{ name: "commonName", value: host }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate: now,
    notAfterDate,
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: host }] }],
  });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // The key first: a certificate that is there has its key.
  await writeWhole(files.key, made.private, 0o600);
  await writeWhole(files.certificate, made.cert, 0o644);
  return { cert: made.cert, key: made.private, isNew: true };
}

/** All of it or nothing, and never readable to more people than `mode` says. */
async function writeWhole(file: string, text: string, mode: number): Promise<void> {
  const temporary = join(dirname(file), `.${randomUUID()}`);
  await writeFile(temporary, text, { mode, flag: "wx" });
  await rename(temporary, file);
}
