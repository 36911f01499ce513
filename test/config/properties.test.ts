import { expect, test } from 'vitest'
import { PropertiesError, parseProperties } from '../../src/config/properties.ts'

function pairs(text: string): string[][] {
  return parseProperties(text).map(({ key, value }) => [key, value])
}

test('a key ends at =, : or a blank, whichever comes first; blanks around the separator are nobody’s', () => {
  expect(pairs('a=1\nb:2\nc 3\nd \t = 4\ne\f5\n f = : 6 \ng')).toEqual([
    ['a', '1'],
    ['b', '2'],
    ['c', '3'],
    ['d', '4'],
    ['e', '5'],
    ['f', ': 6 '],
    ['g', ''],
  ])
})

test('comments and blank lines are skipped, and a comment is not continued', () => {
  expect(pairs('# a=1\\\n! b=2\n\n \t\n  # c\nd=#4!')).toEqual([['d', '#4!']])
})

test('an odd number of backslashes at its end continues a line, and the indent of the next is dropped', () => {
  expect(pairs('a=1,\\\n   2\\\\\\\n#3\nb=4\\\\\nc=5')).toEqual([
    ['a', '1,2\\#3'],
    ['b', '4\\'],
    ['c', '5'],
  ])
})

test('a continued line that holds nothing yet may still become a comment', () => {
  expect(pairs('\\\n# a=1\nb=2')).toEqual([['b', '2']])
})

test('escapes: control characters, code units, separators in keys, and a backslash before anything else is dropped', () => {
  expect(pairs('a\\=\\:\\ b=\\t\\n\\r\\f\\u00e4\\q\\\\')).toEqual([['a=: b', '\t\n\r\fäq\\']])
})

test('every end of line counts once, and each pair knows the line it starts on', () => {
  expect(parseProperties('a=1\r\nb=2\rc=\\\n 3\n\nd=4').map(({ key, line }) => `${key}@${line}`)).toEqual([
    'a@1',
    'b@2',
    'c@3',
    'd@6',
  ])
})

test('a repeated key comes twice', () => {
  expect(pairs('a=1\na=2\n__proto__=3')).toEqual([
    ['a', '1'],
    ['a', '2'],
    ['__proto__', '3'],
  ])
})

test('a backslash at the very end is dropped, alone it is nothing', () => {
  expect(pairs('a=1\\')).toEqual([['a', '1']])
  expect(pairs('a=1\n\\')).toEqual([['a', '1']])
})

test('an unfinished code unit is refused with its line', () => {
  const refused = () => parseProperties('a=1\nb=\\u12g4')
  expect(refused).toThrow(PropertiesError)
  expect(refused).toThrow(expect.objectContaining({ line: 2 }))
})
