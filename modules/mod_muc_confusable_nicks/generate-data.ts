/**
 * Makes data.ts of Unicode's confusables.txt (https://www.unicode.org/Public/security/, UTS #39 §4):
 *
 *     node dist/modules/mod_muc_confusable_nicks/generate-data.js confusables.txt > modules/mod_muc_confusable_nicks/data.ts
 */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { writeTable } from "./table.js";

const LINE_LENGTH = 110;

/** Prototypes by character, from the lines `0430 ; 0061 ; MA # …`. */
export function parseConfusables(text: string): Map<string, string> {
  const prototypes = new Map<string, string>();
  for (const line of text.replace(/^\uFEFF/, "").split(/\r?\n/)) {
    const [source, target] = line.replace(/#.*/, "").split(";");
    if (source?.trim() && target?.trim()) prototypes.set(characters(source), characters(target));
  }
  return prototypes;
}

function characters(codePoints: string): string {
  return String.fromCodePoint(
    ...codePoints
      .trim()
      .split(/\s+/)
      .map((hex) => Number.parseInt(hex, 16)),
  );
}

/** Source of the data, with the terms it comes under. */
export function dataSource(text: string): string {
  const version = /^# Version:\s*([\d.]+)/m.exec(text)?.[1];
  if (version === undefined) throw new Error("confusables.txt: there is no line `# Version:`");
  const table = writeTable(parseConfusables(text));
  const lines = table.match(new RegExp(`.{1,${LINE_LENGTH}}`, "g")) ?? [];
  return `${HEADER}
/** Version of Unicode that the table is of. */
export const UNICODE_VERSION = "${version}";

/** See table.ts. */
export const CONFUSABLES =
${lines.map((line) => `  "${line}"`).join(" +\n")};
`;
}

const HEADER = `/**
 * Characters that look like others (UTS #39, confusables.txt). Made by generate-data.ts; do not edit.
 *
 * The data are Unicode's, under the Unicode License v3:
 *
 * UNICODE LICENSE V3
 *
 * COPYRIGHT AND PERMISSION NOTICE
 *
 * Copyright © 1991-2026 Unicode, Inc.
 *
 * NOTICE TO USER: Carefully read the following legal agreement. BY DOWNLOADING, INSTALLING, COPYING OR OTHERWISE USING
 * DATA FILES, AND/OR SOFTWARE, YOU UNEQUIVOCALLY ACCEPT, AND AGREE TO BE BOUND BY, ALL OF THE TERMS AND CONDITIONS OF
 * THIS AGREEMENT. IF YOU DO NOT AGREE, DO NOT DOWNLOAD, INSTALL, COPY, DISTRIBUTE OR USE THE DATA FILES OR SOFTWARE.
 *
 * Permission is hereby granted, free of charge, to any person obtaining a copy of data files and any associated
 * documentation (the "Data Files") or software and any associated documentation (the "Software") to deal in the Data
 * Files or Software without restriction, including without limitation the rights to use, copy, modify, merge,
 * publish, distribute, and/or sell copies of the Data Files or Software, and to permit persons to whom the Data
 * Files or Software are furnished to do so, provided that either (a) this copyright and permission notice appear
 * with all copies of the Data Files or Software, or (b) this copyright and permission notice appear in associated
 * Documentation.
 *
 * THE DATA FILES AND SOFTWARE ARE PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
 * NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT OF THIRD
 * PARTY RIGHTS.
 *
 * IN NO EVENT SHALL THE COPYRIGHT HOLDER OR HOLDERS INCLUDED IN THIS NOTICE BE LIABLE FOR ANY CLAIM, OR ANY SPECIAL
 * INDIRECT OR CONSEQUENTIAL DAMAGES, OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER
 * IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR
 * PERFORMANCE OF THE DATA FILES OR SOFTWARE.
 *
 * Except as contained in this notice, the name of a copyright holder shall not be used in advertising or otherwise
 * to promote the sale, use or other dealings in these Data Files or Software without prior written authorization of
 * the copyright holder.
 */`;

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.stdout.write(dataSource(readFileSync(process.argv[2] ?? "confusables.txt", "utf8")));
}
