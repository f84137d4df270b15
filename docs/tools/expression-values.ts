import ts from "typescript";

/** Stands where a value is known at run time only. */
export const UNKNOWN = "?";
/** A number that means "no limit". */
export const NO_LIMIT = "no limit";

/** Arguments of a call, by parameter; `undefined`: there is none, nor a default. */
export type Arguments = ReadonlyMap<ts.Symbol, ts.Expression | undefined>;
const NO_ARGUMENTS: Arguments = new Map();
const OPERATORS: Partial<Record<ts.SyntaxKind, (a: number, b: number) => number>> = {
  [ts.SyntaxKind.AsteriskToken]: (a, b) => a * b,
  [ts.SyntaxKind.PlusToken]: (a, b) => a + b,
  [ts.SyntaxKind.MinusToken]: (a, b) => a - b,
  [ts.SyntaxKind.SlashToken]: (a, b) => a / b,
};

/** Tells what an expression of the sources can be, as far as it can be told without running it. */
export class ExpressionValues {
  readonly #checker: ts.TypeChecker;

  constructor(checker: ts.TypeChecker) {
    this.#checker = checker;
  }

  /**
   * The values that an expression can have, as text; none: `undefined`.
   * @param given what stands for parameters of the function around it
   */
  of(node: ts.Expression, given: Arguments = NO_ARGUMENTS): string[] {
    if (ts.isStringLiteralLike(node)) return [node.text];
    if (ts.isNumericLiteral(node)) return [String(Number(node.text.replaceAll("_", "")))];
    if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node)) {
      return this.of(node.expression, given);
    }
    if (ts.isConditionalExpression(node)) {
      return [...this.of(node.whenTrue, given), ...this.of(node.whenFalse, given)];
    }
    if (ts.isTemplateExpression(node)) return this.#template(node, given);
    if (ts.isBinaryExpression(node)) return this.#calculated(node, given);
    if (ts.isArrayLiteralExpression(node)) return [this.#list(node, given)];
    if (ts.isNewExpression(node) && node.arguments?.[0]) return this.of(node.arguments[0], given);
    if (ts.isCallExpression(node)) return this.#result(node, given);
    if (node.getText() === "undefined") return [];
    if (/^(Number\.(MAX_SAFE_INTEGER|POSITIVE_INFINITY)|Infinity)$/.test(node.getText())) return [NO_LIMIT];
    return this.#named(node, given);
  }

  /** Of an identifier or a property: what its type says, else what it was made of. */
  #named(node: ts.Expression, given: Arguments): string[] {
    const symbol = this.symbolOf(node);
    if (symbol && given.has(symbol)) {
      const argument = given.get(symbol);
      return argument ? this.of(argument, NO_ARGUMENTS) : [];
    }
    const literals = literalsOf(this.#checker.getTypeAtLocation(node));
    if (literals.length > 0) return literals;
    const declaration = symbol?.valueDeclaration;
    const initializer =
      declaration && (ts.isVariableDeclaration(declaration) || ts.isPropertyAssignment(declaration))
        ? declaration.initializer
        : undefined;
    return initializer ? this.of(initializer, given) : [UNKNOWN];
  }

  /** What a name stands for, where it was declared. */
  symbolOf(node: ts.Expression): ts.Symbol | undefined {
    const symbol = this.#checker.getSymbolAtLocation(node);
    return symbol && symbol.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol;
  }

  /** Each text that a template can become; what it cannot tell stands as `<…>`. */
  #template(node: ts.TemplateExpression, given: Arguments): string[] {
    let texts = [node.head.text];
    for (const { expression, literal } of node.templateSpans) {
      const values = this.of(expression, given);
      const known = values.length === 0 || values.includes(UNKNOWN) ? ["<…>"] : values;
      texts = texts.flatMap((text) => known.map((value) => text + value + literal.text));
    }
    return texts;
  }

  #calculated(node: ts.BinaryExpression, given: Arguments): string[] {
    const left = this.of(node.left, given);
    const right = this.of(node.right, given);
    if (node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken) return [...left, ...right];
    const result = OPERATORS[node.operatorToken.kind]?.(Number(left[0]), Number(right[0]));
    return result === undefined || Number.isNaN(result) ? [UNKNOWN] : [String(result)];
  }

  #list(node: ts.ArrayLiteralExpression, given: Arguments): string {
    const values = node.elements.flatMap((element) =>
      this.of(ts.isSpreadElement(element) ? element.expression : element, given),
    );
    return values.length === 0 ? "{}" : `{ ${values.join(", ")} }`;
  }

  /** The default that is another option is named by it; a list that is mapped is the list. */
  #result(node: ts.CallExpression, given: Arguments): string[] {
    if (isOptionGetter(node) && node.arguments[0]) return this.of(node.arguments[0], given);
    const literals = literalsOf(this.#checker.getTypeAtLocation(node));
    if (literals.length > 0) return literals;
    return ts.isPropertyAccessExpression(node.expression) ? this.of(node.expression.expression, given) : [UNKNOWN];
  }
}

/** Whether a call reads an option. */
export function isOptionGetter(call: ts.CallExpression): boolean {
  return ts.isPropertyAccessExpression(call.expression) && /^getOption[A-Z]?\w*$/.test(call.expression.name.text);
}

/** The values that a type allows, as text, where they are literals; none: they are not. */
export function literalsOf(type: ts.Type): string[] {
  if (type.isUnion()) {
    const each = type.types.map(literalsOf);
    return each.every((values) => values.length > 0) ? each.flat() : [];
  }
  if (type.isStringLiteral() || type.isNumberLiteral()) return [String(type.value)];
  if (type.flags & ts.TypeFlags.BooleanLiteral) return [(type as { intrinsicName?: string }).intrinsicName ?? UNKNOWN];
  if (type.flags & ts.TypeFlags.TemplateLiteral) return [(type as ts.TemplateLiteralType).texts.join("<…>")];
  return [];
}
