import ts from 'typescript';

/** One statement of a claim's body that asks for or does something. */
export interface Assertion {
  claim: string;
  /** Its text in the suite. */
  text: string;
  /** Its position in the suite's text. */
  start: number;
  end: number;
}

/** The objects of the harness whose methods assert or change something. The others are actors. */
const VERBS = ['given', 'expect', 'mesh'];

/** The assertions of all claims of a suite, in order. */
export function assertionsIn(suite: string): Assertion[] {
  const file = ts.createSourceFile('suite.ts', suite, ts.ScriptTarget.ES2023, true);
  return callsIn(file)
    .filter(({ expression }) => ts.isIdentifier(expression) && expression.text === 'claim')
    .flatMap(({ arguments: [declaration, body] }) => {
      const claim = idOf(declaration);
      if (claim === undefined || body === undefined) throw new Error(`a claim without an id or a body: ${declaration}`);
      return statementsOf(body).map((statement) => ({
        claim,
        text: statement.getText(file),
        start: statement.getStart(file),
        end: statement.end,
      }));
    });
}

/** The suite without one assertion. */
export function without(suite: string, { start, end }: Assertion): string {
  return suite.slice(0, start) + suite.slice(end);
}

function idOf(declaration: ts.Expression | undefined): string | undefined {
  if (declaration === undefined || !ts.isObjectLiteralExpression(declaration)) return undefined;
  for (const property of declaration.properties) {
    if (!ts.isPropertyAssignment(property) || property.name.getText() !== 'id') continue;
    return ts.isStringLiteral(property.initializer) ? property.initializer.text : undefined;
  }
  return undefined;
}

/** The statements in which one of the verbs is called, each once. */
function statementsOf(body: ts.Node): ts.Statement[] {
  const statements = callsIn(body)
    .filter(({ expression }) => ts.isPropertyAccessExpression(expression) && isVerb(expression.expression))
    .map((call) => ts.findAncestor(call, ts.isExpressionStatement));
  return [...new Set(statements)].filter((statement) => statement !== undefined);
}

function isVerb(node: ts.Expression): boolean {
  return ts.isIdentifier(node) && VERBS.includes(node.text);
}

function callsIn(node: ts.Node): ts.CallExpression[] {
  const own = ts.isCallExpression(node) ? [node] : [];
  return [...own, ...node.getChildren().flatMap(callsIn)];
}
