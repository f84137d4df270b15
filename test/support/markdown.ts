/** Blocks of code in pages of documentation. */

/** A fenced block. */
export interface CodeBlock {
  readonly language: string;
  readonly text: string;
  /** The text between the block before and this one, or since the heading. */
  readonly before: string;
  /** The heading that it stands under. */
  readonly heading: string;
}

/** The fenced blocks of a page in order. @param only the heading whose section counts; default: all do */
export function codeBlocks(page: string, only?: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  for (const section of page.split(/^(?=##+ )/m)) {
    const heading = /^##+ (.*)$/m.exec(section)?.[1] ?? "";
    if (only !== undefined && heading !== only) continue;
    let end = 0;
    for (const match of section.matchAll(/^```(\w*)\n([^]*?)^```$/gm)) {
      const [whole, language = "", text = ""] = match;
      blocks.push({ language, text, before: section.slice(end, match.index), heading });
      end = match.index + whole.length;
    }
  }
  return blocks;
}
