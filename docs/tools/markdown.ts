/** The little of Markdown that the project's pages are made of, for comparing them with the code. */

/** A heading and what stands below it, up to the next heading of any level. */
export interface Section {
  /** With its `#`s. */
  readonly heading: string;
  readonly text: string;
}

/** The sections of a page; what stands in code blocks is no heading. */
export function sectionsOf(page: string): Section[] {
  const sections: { heading: string; lines: string[] }[] = [];
  let fence: string | undefined;
  for (const line of page.split("\n")) {
    const mark = /^\s*(```+|~~~+)/.exec(line)?.[1];
    if (fence !== undefined ? mark?.startsWith(fence) : mark !== undefined)
      fence = fence === undefined ? mark : undefined;
    if (fence === undefined && /^#+ /.test(line)) sections.push({ heading: line.trim(), lines: [] });
    else sections.at(-1)?.lines.push(line);
  }
  return sections.map(({ heading, lines }) => ({ heading, text: lines.join("\n").trim() }));
}

/** The cells of each row of the tables in a text, the heading row first; `\|` is a bar in a cell. */
export function rowsOf(text: string): string[][] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("|") && !/^\|[\s|:-]+\|$/.test(line))
    .map((line) => cellsOf(line));
}

function cellsOf(line: string): string[] {
  return line
    .trim()
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));
}

/** What is between backquotes; blocks of code are not. */
export function codeIn(text: string): string[] {
  return [...withoutBlocks(text).matchAll(/`([^`\n]+)`/g)].map((match) => match[1] as string);
}

function withoutBlocks(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, "");
}

/** Blocks of code, with the word behind the opening fence. */
export function codeBlocksOf(text: string): { readonly language: string; readonly code: string }[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = "", code = ""]) => ({ language, code }));
}

/** Targets of the links in a page that are not in code. */
export function linksOf(page: string): string[] {
  const prose = withoutBlocks(page).replace(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] as string);
}

/** The name that GitHub gives a heading, as a link's `#…` says it. */
export function anchorOf(heading: string): string {
  return heading
    .replace(/^#+ /, "")
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

/** The names of all headings of a page. */
export function anchorsOf(page: string): Set<string> {
  return new Set(sectionsOf(page).map(({ heading }) => anchorOf(heading)));
}
