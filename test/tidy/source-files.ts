// The project's own files, as git sees them, and what their syntax says.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/** Path from the root of the project → text. */
export type Files = ReadonlyMap<string, string>

export function projectFiles(root: string): Files {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root })
  const paths = listed
    .toString()
    .split('\0')
    .filter((path) => path !== '' && existsSync(join(root, path)))
  return new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]))
}

export interface Import {
  /** As it is written; of one of ours, its path from the root of the project. */
  readonly target: string
  readonly isOurs: boolean
  /** Gone when compiled. */
  readonly isTypeOnly: boolean
}

export interface Source {
  readonly path: string
  readonly imports: readonly Import[]
  /** Names and member accesses (`Date.now`), calls without arguments to constructors (`new Date()`), BigInt literals. */
  readonly uses: readonly Use[]
}

export interface Use {
  readonly name: string
  readonly line: number
}

export function isSource(path: string): boolean {
  return path.startsWith('src/') && path.endsWith('.ts')
}

export function isGenerated(path: string): boolean {
  return path.startsWith('src/wire/generated/')
}

export function parseSources(files: Files): Source[] {
  return [...files].filter(([path]) => isSource(path)).map(([path, text]) => parseSource(path, text))
}

function parseSource(path: string, text: string): Source {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest)
  const imports: Import[] = []
  const uses: Use[] = []
  const use = (name: string, node: ts.Node) => {
    uses.push({ name, line: tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1 })
  }
  const visit = (node: ts.Node): void => {
    const found = importOf(path, node)
    if (found) imports.push(found)
    if (ts.isPropertyAccessExpression(node)) use(node.getText(tree).replace(/^globalThis\./, ''), node)
    else if (ts.isIdentifier(node)) use(node.text, node)
    else if (ts.isBigIntLiteral(node)) use('BigInt', node)
    else if (ts.isNewExpression(node) && !node.arguments?.length) use(`new ${node.expression.getText(tree)}()`, node)
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return { path, imports, uses }
}

function importOf(from: string, node: ts.Node): Import | undefined {
  if (ts.isImportDeclaration(node)) return toImport(from, node.moduleSpecifier, node.importClause?.isTypeOnly ?? false)
  if (ts.isExportDeclaration(node)) return toImport(from, node.moduleSpecifier, node.isTypeOnly)
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
    return toImport(from, node.argument.literal, true)
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    return toImport(from, node.arguments[0], false)
  }
  return undefined
}

function toImport(from: string, specifier: ts.Node | undefined, isTypeOnly: boolean): Import | undefined {
  if (!specifier || !ts.isStringLiteralLike(specifier)) return undefined
  const isOurs = specifier.text.startsWith('.')
  return { target: isOurs ? join(from, '..', specifier.text) : specifier.text, isOurs, isTypeOnly }
}
