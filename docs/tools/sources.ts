/** What the sources say of options and events, read with the compiler: pages are compared with it or made of it. */
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";
import { ExpressionValues, isOptionGetter, literalsOf, UNKNOWN, type Arguments } from "./expression-values.js";

/** An option that a module reads. */
export interface OptionRead {
  readonly option: string;
  /** Values that are used when it is not set, as text; none: there is no default. More than one: it depends. */
  readonly defaults: readonly string[];
  /** `file:line`, for messages. */
  readonly at: string;
}

/** A handler where it is hooked. */
export interface HookRead {
  readonly event: string;
  /** `NaN`: known at run time only. */
  readonly priority: number;
  /** First sentence of what is said of the function that handles it, else of the one that hooks it. */
  readonly what: string;
  /** First sentence of the `//` lines at the hook, which say why it stands at its priority. */
  readonly place: string;
}

const FIRES = new Set(["fireEvent", "fireEventAsync", "fireUntyped", "fire", "fireAsync"]);

/** Names of the modules in the folder `modules/`. */
export function moduleNames(project: string): string[] {
  return readdirSync(join(project, "modules"), { withFileTypes: true })
    .filter((entry) => (entry.isDirectory() ? entry.name.startsWith("mod_") : /^mod_\w+\.ts$/.test(entry.name)))
    .map(({ name }) => name.replace(/^mod_|\.ts$/g, ""))
    .sort();
}

/** The program of a project: its modules and the core. */
export class Sources {
  readonly checker: ts.TypeChecker;
  readonly #values: ExpressionValues;
  readonly #program: ts.Program;
  readonly #project: string;
  readonly #files = new Map<string, ts.SourceFile[]>();
  readonly #allCalls = new Map<string, ts.CallExpression[]>();
  readonly #hooks = new Map<string, HookRead[]>();
  readonly #fired = new Map<string, Set<string>>();

  constructor(project: string) {
    this.#project = project;
    const file = join(project, "tsconfig.json");
    const config = ts.parseJsonConfigFileContent(ts.readConfigFile(file, ts.sys.readFile).config, ts.sys, project);
    const rootNames = config.fileNames.filter((name) => /^(core|modules)\//.test(relative(project, name)));
    this.#program = ts.createProgram({ rootNames, options: { ...config.options, noEmit: true } });
    this.checker = this.#program.getTypeChecker();
    this.#values = new ExpressionValues(this.checker);
  }

  /** The files of a module, or of `core`. */
  files(part: string): ts.SourceFile[] {
    return once(this.#files, part, () => this.#filesOf(part));
  }

  #filesOf(part: string): ts.SourceFile[] {
    const folder = part === "core" ? "core/" : `modules/mod_${part}`;
    const isIn = (path: string): boolean =>
      part === "core"
        ? path.startsWith(folder) && !path.startsWith("core/testing/")
        : path === `${folder}.ts` || path.startsWith(`${folder}/`);
    return this.#program.getSourceFiles().filter((file) => isIn(this.pathOf(file)));
  }

  /** Path from the project's folder. */
  pathOf(file: ts.SourceFile): string {
    return relative(this.#project, file.fileName);
  }

  /** Options that a module reads, by any getter, in its own files or through a function of the core. */
  optionsOf(module: string): OptionRead[] {
    return this.#calls(module).flatMap((call) => {
      if (isOptionGetter(call)) return this.#readsAt(call, module);
      const called = this.#declarationOf(call);
      if (!called || !this.pathOf(called.getSourceFile()).startsWith("core/")) return [];
      if (!ts.isFunctionDeclaration(called) || !called.body) return [];
      const given = this.#argumentsOf(called, call);
      return callsIn(called.body)
        .filter(isOptionGetter)
        .flatMap((getter) => this.#readOf(getter, given));
    });
  }

  /** Keys under which a module keeps something with a room, in `_data`. */
  persistedKeysOf(module: string): Set<string> {
    const states = this.#calls(module).filter(
      ({ expression }) => ts.isPropertyAccessExpression(expression) && expression.name.text === "roomState",
    );
    return new Set(
      states.flatMap(({ arguments: [key, options] }) => {
        const persist = options && this.checker.getTypeAtLocation(options).getProperty("persist");
        const isKept = persist && literalsOf(this.checker.getTypeOfSymbol(persist)).includes("true");
        return key && isKept ? this.#values.of(key) : [];
      }),
    );
  }

  /** Names of the events that a part fires; what is known at run time only is `<…>`. */
  eventsFiredBy(part: string): Set<string> {
    return once(this.#fired, part, () => this.#firedBy(part));
  }

  #firedBy(part: string): Set<string> {
    const fired = this.#calls(part).filter((call) => {
      if (!ts.isPropertyAccessExpression(call.expression) || !FIRES.has(call.expression.name.text)) return false;
      const declared = this.#declarationOf(call)?.getSourceFile();
      return declared !== undefined && /^core\/(modules\/api|events\/bus)\.ts$/.test(this.pathOf(declared));
    });
    return new Set(fired.flatMap(({ arguments: [event] }) => (event ? this.#eventNames(event) : [])));
  }

  /** Names of the events that a module hooks. */
  eventsHookedBy(part: string): Set<string> {
    return new Set(this.hooksOf(part).map(({ event }) => event));
  }

  /** The hooks of a module in its source. */
  hooksOf(part: string): HookRead[] {
    return once(this.#hooks, part, () => this.#readHooks(part));
  }

  #readHooks(part: string): HookRead[] {
    const hooks = this.#calls(part).filter(
      ({ expression }) =>
        ts.isPropertyAccessExpression(expression) && /^hook(Global|Untyped)?$/.test(expression.name.text),
    );
    return hooks.flatMap((call) => {
      const [event, handler, priority] = call.arguments;
      if (!event || !handler) return [];
      const [at = "0"] = priority ? this.#values.of(priority) : [];
      const called = this.#declarationOfHandler(handler, part);
      const around = ts.findAncestor(call, ts.isFunctionDeclaration);
      const what = (called && firstSentence(docOf(called))) || (around ? firstSentence(docOf(around)) : "");
      const place = commentBefore(call) || (called && ts.isVariableDeclaration(called) ? commentBefore(called) : "");
      return this.#eventNames(event).map((name) => ({ event: name, priority: Number(at), what, place }));
    });
  }

  /** The declarations of events in a part's files, those of interfaces that are extended there included. */
  eventsDeclaredBy(part: string): ts.TypeElement[] {
    const interfaces = this.files(part).flatMap((file) => eventMapsIn(file));
    return interfaces.flatMap((declared) => [...declared.members, ...this.#inherited(declared)]);
  }

  /** Name of a declared event; of an index signature, `muc-config-submitted/<field>`. */
  nameOf(member: ts.TypeElement): string {
    if (ts.isIndexSignatureDeclaration(member)) {
      const [parameter] = member.parameters;
      const name = parameter?.name.getText() ?? "";
      return (
        parameter?.type
          ?.getText()
          .replace(/`/g, "")
          .replace("${AddressKind}", "<address>")
          .replace("${string}", `<${name}>`) ?? UNKNOWN
      );
    }
    return member.name && ts.isStringLiteral(member.name) ? member.name.text : (member.name?.getText() ?? UNKNOWN);
  }

  /** First sentence of what a module says of itself. */
  summaryOf(module: string): string {
    const statements = this.files(module).flatMap((file) => [...file.statements]);
    const exported = statements.find(
      (at) => (ts.getCombinedModifierFlags(at as ts.Declaration & ts.Statement) & ts.ModifierFlags.Default) !== 0,
    );
    return exported ? firstSentence(docOf(exported)) : "";
  }

  /** Of a handler, or of the one function that it calls, as far as it is the module's own. */
  #declarationOfHandler(handler: ts.Expression, part: string): ts.Declaration | undefined {
    const called = handlingFunction(handler);
    const declaration = called && this.#values.symbolOf(called)?.valueDeclaration;
    return declaration && this.files(part).includes(declaration.getSourceFile()) ? declaration : undefined;
  }

  #inherited(declared: ts.InterfaceDeclaration): ts.TypeElement[] {
    return (declared.heritageClauses ?? []).flatMap(({ types }) =>
      types.flatMap((type) => {
        const declarations = this.checker.getTypeAtLocation(type).symbol.declarations ?? [];
        return declarations.filter(ts.isInterfaceDeclaration).flatMap(({ members }) => [...members]);
      }),
    );
  }

  #calls(part: string): ts.CallExpression[] {
    return once(this.#allCalls, part, () => this.files(part).flatMap((file) => callsIn(file)));
  }

  #declarationOf(call: ts.CallExpression): ts.SignatureDeclaration | undefined {
    const declaration = this.checker.getResolvedSignature(call)?.declaration;
    return declaration && !ts.isJSDocSignature(declaration) ? declaration : undefined;
  }

  /** A getter whose name or default is a parameter of the function around it reads one option for each call of that. */
  #readsAt(getter: ts.CallExpression, module: string): OptionRead[] {
    const around = ts.findAncestor(getter, ts.isFunctionLike) as ts.SignatureDeclaration | undefined;
    const parameters = new Set((around?.parameters ?? []).map(({ name }) => this.checker.getSymbolAtLocation(name)));
    const isGiven = getter.arguments.some(
      (argument) => ts.isIdentifier(argument) && parameters.has(this.checker.getSymbolAtLocation(argument)),
    );
    if (!around || !isGiven) return this.#readOf(getter);
    const callers = this.#calls(module).filter((call) => this.#declarationOf(call) === around);
    return callers.flatMap((call) => this.#readOf(getter, this.#argumentsOf(around, call)));
  }

  #argumentsOf(called: ts.SignatureDeclaration, call: ts.CallExpression): Arguments {
    return new Map(
      called.parameters.flatMap((parameter, index) => {
        const symbol = this.checker.getSymbolAtLocation(parameter.name);
        return symbol ? [[symbol, call.arguments[index] ?? parameter.initializer] as const] : [];
      }),
    );
  }

  #readOf(getter: ts.CallExpression, given?: Arguments): OptionRead[] {
    const [name, fallback] = getter.arguments;
    const defaults = fallback ? this.#values.of(fallback, given) : [];
    const file = getter.getSourceFile();
    const at = `${this.pathOf(file)}:${String(file.getLineAndCharacterOfPosition(getter.getStart()).line + 1)}`;
    return (name ? this.#values.of(name, given) : [UNKNOWN]).map((option) => ({ option, defaults, at }));
  }

  #eventNames(expression: ts.Expression): string[] {
    return this.#values.of(expression);
  }
}

/** What a map has under a key, made when it is first asked for. */
function once<T>(known: Map<string, T>, key: string, make: () => T): T {
  const made = known.get(key) ?? make();
  known.set(key, made);
  return made;
}

/** The function that does the work of a handler: itself, the only one it calls, or the one that it is made of. */
function handlingFunction(handler: ts.Expression): ts.Expression | undefined {
  if (ts.isCallExpression(handler)) return handler.arguments[0]; // asked(answerInfo)
  if (!ts.isArrowFunction(handler)) return handler;
  if (!ts.isBlock(handler.body)) return innermostCallee(handler.body);
  const [only, ...more] = handler.body.statements;
  return only && ts.isExpressionStatement(only) && more.length === 0 ? innermostCallee(only.expression) : undefined;
}

/** Of `a(…).then(…)` that is `a`. */
function innermostCallee(node: ts.Expression): ts.Expression | undefined {
  if (!ts.isCallExpression(node)) return undefined;
  const { expression } = node;
  const inner = ts.isPropertyAccessExpression(expression) && innermostCallee(expression.expression);
  return inner || expression;
}

/** The doc comment of a declaration, without tags. */
export function docOf(node: ts.Node): string {
  const comments = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
  return comments.map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? "").join("\n");
}

/** The `//` lines before the statement that a node is in. */
function commentBefore(node: ts.Node): string {
  const statement = ts.findAncestor(node, ts.isStatement) ?? node;
  const text = statement.getSourceFile().text;
  const ranges = ts.getLeadingCommentRanges(text, statement.getFullStart()) ?? [];
  const lines = ranges.filter(({ kind }) => kind === ts.SyntaxKind.SingleLineCommentTrivia);
  return firstSentence(lines.map(({ pos, end }) => text.slice(pos + 2, end).trim()).join(" "));
}

/** Up to the first full stop that ends a sentence, without it. */
function firstSentence(text: string): string {
  const [paragraph = ""] = text.trim().split(/\n\s*(?:\n|- )/);
  const [sentence = ""] = paragraph.replace(/\s+/g, " ").split(/(?<=[.!?]) (?=[A-Z`])/);
  return sentence.replace(/[.:]$/, "");
}

function callsIn(node: ts.Node): ts.CallExpression[] {
  const found: ts.CallExpression[] = [];
  const visit = (at: ts.Node): void => {
    if (ts.isCallExpression(at)) found.push(at);
    ts.forEachChild(at, visit);
  };
  visit(node);
  return found;
}

/** `interface HostEvents` and `GlobalEvents`, at the top or in `declare module "chorus-muc"`. */
function eventMapsIn(file: ts.SourceFile): ts.InterfaceDeclaration[] {
  return file.statements.flatMap((statement) => {
    const inner = ts.isModuleDeclaration(statement) && statement.body && ts.isModuleBlock(statement.body);
    const statements: readonly ts.Statement[] = inner ? statement.body.statements : [statement];
    return statements.filter(
      (at): at is ts.InterfaceDeclaration =>
        ts.isInterfaceDeclaration(at) && (at.name.text === "HostEvents" || at.name.text === "GlobalEvents"),
    );
  });
}
