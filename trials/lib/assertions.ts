import ts from 'typescript';

/** One thing that a claim's body asks for or does, by itself a statement. */
export interface Assertion {
  claim: string;
  /** As it stands in the suite. */
  text: string;
  /** Where it lies in the suite's text. */
  start: number;
  end: number;
}

/** What of the harness says or does something; the rest only names whom it is about. */
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

/** The suite with one assertion taken out. */
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
