/** What the declarations of events say: name, payload, result and text, for the page that lists them. */
import ts from "typescript";
import { docOf, type Sources } from "./sources.js";

/** What a field of a payload is. */
export interface PayloadField {
  readonly name: string;
  readonly type: string;
  readonly optional: boolean;
  /** Handlers may put something else there. */
  readonly writable: boolean;
  readonly text: string;
  /** Interface that it is a member of, if that has a name. */
  readonly declaredIn: string | undefined;
}

/** An event, or a family of events with names of one form. */
export interface DeclaredEvent {
  /** `<…>` stands for what differs in a family. */
  readonly name: string;
  /** The `// …` line that it and those after it stand under. */
  readonly group: string | undefined;
  readonly kind: "notify" | "stoppable" | "suspendable";
  /** Type of what a handler may return beside `undefined`. */
  readonly result: string | undefined;
  readonly payload: readonly PayloadField[];
  readonly text: string;
}

const DEFAULT_RESULT = "StanzaError | true | false";
const KINDS: Readonly<Record<string, "stoppable" | "suspendable" | undefined>> = {
  Stoppable: "stoppable",
  Suspendable: "suspendable",
};

/** Reads declarations of events. */
export class EventDeclarations {
  readonly #sources: Sources;

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /** Events that a part declares, in order. Families that are declared as mapped types come first. */
  of(part: string): DeclaredEvent[] {
    const members = this.#sources.eventsDeclaredBy(part).map((member) => this.#member(member));
    return [...this.#families(part), ...members];
  }

  #member(member: ts.TypeElement): DeclaredEvent {
    const type = (member as ts.PropertySignature | ts.IndexSignatureDeclaration).type;
    if (!type) throw new TypeError(`${member.getText()}: an event without a type`);
    return {
      name: this.#sources.nameOf(member),
      group: groupOf(member),
      text: oneLine(docOf(member)),
      ...this.#value(type),
    };
  }

  /** `interface HostEvents extends MessageEvents`, where that is `{ [K in "message/…"]: … }`. */
  #families(part: string): DeclaredEvent[] {
    return this.#sources.files(part).flatMap((file) =>
      file.statements.filter(ts.isTypeAliasDeclaration).flatMap((alias) => {
        if (!ts.isMappedTypeNode(alias.type) || !alias.name.text.endsWith("Events") || !alias.type.type) return [];
        const names = alias.type.typeParameter.constraint?.getText() ?? "";
        const name = names.replaceAll("`", "").replace("${AddressKind}", "<address>");
        const group = name.startsWith("pre-") ? "Stanzas that users of this host send" : undefined;
        return [{ name, group, text: oneLine(docOf(alias)), ...this.#value(alias.type.type) }];
      }),
    );
  }

  #value(type: ts.TypeNode): Pick<DeclaredEvent, "kind" | "result" | "payload"> {
    const wrapper = ts.isTypeReferenceNode(type) ? KINDS[type.typeName.getText()] : undefined;
    if (!wrapper || !ts.isTypeReferenceNode(type))
      return { kind: "notify", result: undefined, payload: this.#fields(type) };
    const [payload = type, result] = type.typeArguments ?? [];
    const text = result ? this.#resultText(result) : DEFAULT_RESULT;
    return { kind: wrapper, result: text === "undefined" ? undefined : text, payload: this.#fields(payload) };
  }

  /** A union that has a name is shown as what it stands for. */
  #resultText(type: ts.TypeNode): string {
    const symbol = ts.isTypeReferenceNode(type) ? this.#sources.checker.getSymbolAtLocation(type.typeName) : undefined;
    const target =
      symbol && symbol.flags & ts.SymbolFlags.Alias ? this.#sources.checker.getAliasedSymbol(symbol) : symbol;
    const alias = target?.declarations?.find(ts.isTypeAliasDeclaration);
    return oneLine((alias && ts.isUnionTypeNode(alias.type) ? alias.type : type).getText());
  }

  #fields(type: ts.TypeNode): PayloadField[] {
    const { checker } = this.#sources;
    const payload = checker.getTypeFromTypeNode(type);
    return checker.getPropertiesOfType(payload).map((field) => {
      const [declaration] = field.declarations ?? [];
      return {
        name: field.name,
        type: fieldType(declaration) ?? checker.typeToString(checker.getTypeOfSymbol(field)),
        optional: (field.flags & ts.SymbolFlags.Optional) !== 0,
        writable: isWritable(declaration),
        text: oneLine(ts.displayPartsToString(field.getDocumentationComment(checker))),
        declaredIn:
          declaration && ts.isInterfaceDeclaration(declaration.parent) ? declaration.parent.name.text : undefined,
      };
    });
  }
}

function isWritable(declaration: ts.Declaration | undefined): boolean {
  if (!declaration || !ts.isPropertySignature(declaration)) return false;
  return (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Readonly) === 0;
}

function fieldType(declaration: ts.Declaration | undefined): string | undefined {
  if (!declaration) return undefined;
  if (ts.isMethodSignature(declaration)) {
    const [, signature = ""] = /^[^(]*(\([\s\S]*)$/.exec(declaration.getText()) ?? [];
    return oneLine(signature.replace(/;$/, "").replace(/\):/, ") =>"));
  }
  return ts.isPropertySignature(declaration) && declaration.type ? oneLine(declaration.type.getText()) : undefined;
}

/** The last `// …` line that stands by itself before this member or one before it. */
function groupOf(member: ts.TypeElement): string | undefined {
  const siblings = ts.isInterfaceDeclaration(member.parent) ? member.parent.members : [];
  const { text } = member.getSourceFile();
  let group: string | undefined;
  for (const sibling of siblings) {
    const comments = ts.getLeadingCommentRanges(text, sibling.getFullStart()) ?? [];
    const line = comments.findLast(({ kind }) => kind === ts.SyntaxKind.SingleLineCommentTrivia);
    if (line) group = text.slice(line.pos + 2, line.end).trim();
    if (sibling === member) return group;
  }
  return undefined;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
