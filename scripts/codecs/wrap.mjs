// Breaks the lines that the emitters made too long, the way the formatter of the hand-written code would.

const COLUMNS = 120

export function wrapLines(text) {
  return text
    .split('\n')
    .flatMap((line) => (line.length > COLUMNS ? wrap(line) : [line]))
    .join('\n')
}

function wrap(line) {
  const by = ' '.repeat(line.length - line.trimStart().length)
  const deeper = `${by}  `
  const literal = /^(.* = \{) (.*) (\}.*)$/.exec(line)
  if (literal) return [literal[1], ...splitArguments(literal[2]).map((part) => `${deeper}${part},`), by + literal[3]]
  const signature = /^(.*function \w+\()(.*)(\): .* \{)$/.exec(line)
  if (signature) return [signature[1], ...splitArguments(signature[2]).map((part) => `${deeper}${part},`), signature[3]]
  const statement = /^( *)(if|for) (\(.*?\)) (?=into|reader|writer|read|write)(.*)$/.exec(line)
  if (statement)
    return [`${by}${statement[2]} ${statement[3]} {`, ...wrapLines(deeper + statement[4]).split('\n'), `${by}}`]
  const choice = /^(.* =) (.*) \? (.*) : (.*)$/.exec(line)
  if (choice) return [choice[1], `${deeper}${choice[2]}`, `${deeper}  ? ${choice[3]}`, `${deeper}  : ${choice[4]}`]
  const call = /^(.*?\()(.*)\)$/.exec(line)
  if (call) return [call[1], ...splitArguments(call[2]).map((part) => `${deeper}${part},`), `${by})`]
  throw new Error(`no way to wrap: ${line}`)
}

/** At the commas outside any bracket. */
function splitArguments(text) {
  const parts = ['']
  let depth = 0
  for (const character of text) {
    if ('([{'.includes(character)) depth++
    if (')]}'.includes(character)) depth--
    if (character === ',' && depth === 0) parts.push('')
    else parts[parts.length - 1] += character
  }
  return parts.map((part) => part.trim())
}
