// What the project's texts must keep to: length, no trace of a machine, no promise to self, dependencies and references explained.
import { type Files, isGenerated } from './source-files.ts'

const LINES_MAX = 600

export function longFiles(files: Files): string[] {
  return [...files]
    .filter(([path]) => /^(src|native)\//.test(path) && !isGenerated(path))
    .map(([path, text]) => ({ path, lineCount: text.split('\n').length - 1 }))
    .filter(({ lineCount }) => lineCount > LINES_MAX)
    .map(({ path, lineCount }) => `${path} has ${lineCount} lines: ${LINES_MAX} is two nouns`)
}

/** Written apart, so that this file does not break its own rules. */
const TRACES: readonly RegExp[] = [
  new RegExp(`(?<![\\w.$}])/(${['work', 'root', 'home', 'Users'].join('|')})/\\w`),
  // The name of Maven's XML namespace is no address.
  new RegExp(`https?://[\\w.-]*(${['registry', 'maven', 'pypi', 'crates'].join('|')})[\\w.-]*(?!/POM/)(?![\\w.-])`),
  new RegExp(`\\b(${['TO', 'FIX'].map((start, index) => start + ['DO', 'ME'][index]).join('|')})\\b`),
]

export function traces(files: Files): string[] {
  return [...files].flatMap(([path, text]) =>
    text.split('\n').flatMap((line, index) => {
      const found = TRACES.map((trace) => trace.exec(line)?.[0]).find((match) => match !== undefined)
      return found === undefined ? [] : [`${path}:${index + 1} says ${found}`]
    }),
  )
}

export function looseDependencies(files: Files): string[] {
  const manifest = JSON.parse(files.get('package.json') ?? '{}') as Record<string, Record<string, string>>
  const readme = files.get('README.md') ?? ''
  return Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).flatMap(([name, version]) => [
    ...(/^\d+\.\d+\.\d+$/.test(version) ? [] : [`${name} ${version} is not pinned to one version`]),
    ...(readme.split('\n').some((line) => line.includes(`\`${name}\``)) ? [] : [`README.md does not say why ${name}`]),
  ])
}

/** `file.ts:name` in src/README.md, the path from src/. */
export function deadReferences(files: Files): string[] {
  const text = files.get('src/README.md') ?? ''
  return [...text.matchAll(/`([\w./-]+\.ts)(?::(\w+))?`/g)].flatMap(([reference, path, name]) => {
    const source = files.get(`src/${path}`)
    if (source === undefined) return [`src/README.md speaks of ${reference}, but there is no such file`]
    if (name !== undefined && !new RegExp(`\\b${name}\\b`).test(source)) {
      return [`src/README.md speaks of ${reference}, but there is no ${name} in it`]
    }
    return []
  })
}
