// Two threads' ends of the rings between them, in one: credits, what holds none, and that nothing overfills.
import { describe, expect, test } from 'vitest'
import { createRingMemory } from '../../src/ring/descriptor.ts'
import { createSleepMemory, SleepFlags } from '../../src/ring/sleep.ts'
import { type Asker, Peers } from '../../src/shard/peers.ts'
import { seededRandom } from '../raft/fake-disk.ts'

const CREDITS = 4
const CAPACITY = 16
const ASK = 1
const ANSWER = 2
const TELL = 3

function pair() {
  const rings = [createRingMemory(CAPACITY), createRingMemory(CAPACITY)]
  const sleep = new SleepFlags(createSleepMemory(2))
  const woken: number[] = []
  const inbox: number[][][] = [[], []]
  const peers = [0, 1].map((own) => {
    const other = 1 - own
    const writers = own === 0 ? [null, rings[0]!] : [rings[1]!, null]
    const readers = own === 0 ? [null, rings[1]!] : [rings[0]!, null]
    const made: Peers = new Peers({
      writers,
      readers,
      credits: CREDITS,
      sleep,
      wake: (thread) => woken.push(thread),
      onMessage: (thread, words, at) => {
        expect(thread).toBe(other)
        if (words[at] === ANSWER) made.settle(thread, words, at)
        else inbox[own]!.push([words[at]!, words[at + 1]!, words[at + 2]!])
      },
    })
    return made
  })
  return { peers: peers as [Peers, Peers], sleep, woken, inbox: inbox as [number[][], number[][]] }
}

function ask(peers: Peers, to: number, value: number, onAnswer: Asker['onAnswer'] = () => undefined): void {
  peers.draft[0] = ASK
  peers.draft[1] = peers.issueTicket({ onAnswer })
  peers.draft[2] = value
  peers.ask(to)
}

function tell(peers: Peers, to: number, value: number): void {
  peers.draft[0] = TELL
  peers.draft[1] = 0
  peers.draft[2] = value
  peers.tell(to)
}

function answer(peers: Peers, to: number, ticket: number, value: number): void {
  const at = peers.claim(to)
  const words = peers.wordsTo(to)
  words[at] = ANSWER
  words[at + 1] = ticket
  words[at + 2] = value
}

describe('requests', () => {
  test('go while there are credits, the rest in order as answers come', () => {
    const { peers, inbox } = pair()
    const answers: number[] = []
    for (let i = 0; i < 10; i++) ask(peers[0], 1, i, (words, at) => answers.push(words[at + 2]!))
    peers[0].publish()
    peers[1].poll()
    expect(inbox[1].map(([, , value]) => value)).toEqual([0, 1, 2, 3])
    for (let done = 0; done < 10; done++) {
      const [, ticket, value] = inbox[1][done]!
      answer(peers[1], 0, ticket!, value! * 100)
      peers[1].publish()
      peers[0].poll()
      peers[0].publish()
      peers[1].poll()
    }
    expect(answers).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((value) => value * 100))
    expect([peers[0].hasUnsent(), peers[1].hasUnsent(), peers[0].hasMessages()]).toEqual([false, false, false])
  })

  test('a sleeper is woken once, by what is published', () => {
    const { peers, sleep, woken } = pair()
    ask(peers[0], 1, 1)
    sleep.fallAsleep(1)
    expect(woken).toEqual([])
    peers[0].publish()
    ask(peers[0], 1, 2)
    peers[0].publish()
    expect(woken).toEqual([1])
  })
})

describe('what holds no credit', () => {
  test('stops no request and no answer, however much it is, and stays in order', () => {
    const { peers, inbox } = pair()
    for (let i = 0; i < 100; i++) tell(peers[0], 1, i)
    expect(peers[0].hasUnsent()).toBe(true)
    let answered = 0
    for (let i = 0; i < CREDITS; i++) {
      ask(peers[0], 1, 1000 + i, () => answered++)
      ask(peers[1], 0, 2000 + i, () => answered++)
    }
    for (let round = 0; round < 40; round++) {
      for (const own of [0, 1] as const) {
        peers[own].publish()
        const other = peers[1 - own]!
        other.poll()
        const box = inbox[(1 - own) as 0 | 1]
        for (const message of box) if (message[0] === ASK) answer(other, own, message[1]!, 0)
        inbox[(1 - own) as 0 | 1] = box.map((message) => (message[0] === ASK ? [0, 0, 0] : message))
      }
    }
    expect(answered).toBe(2 * CREDITS)
    expect(inbox[1].filter(([kind]) => kind === TELL).map(([, , value]) => value)).toEqual(
      Array.from({ length: 100 }, (_, i) => i),
    )
    expect(peers[0].hasUnsent()).toBe(false)
  })

  test('no ring overfills and nothing is lost, whoever is slow', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = seededRandom(seed)
      const { peers, inbox } = pair()
      const counts = { asked: 0, answered: 0, told: 0 }
      const unanswered: [number[], number[]] = [[], []]
      const collect = () => {
        for (const own of [0, 1] as const) {
          for (const [kind, ticket] of inbox[own].splice(0)) {
            if (kind === ASK) unanswered[own].push(ticket!)
            else counts.told--
          }
        }
      }
      const step = (own: 0 | 1, isLast: boolean) => {
        const other = 1 - own
        const roll = isLast ? 3 + (random() % 3) : random() % 6
        if (roll === 0) {
          counts.asked++
          ask(peers[own], other, 0, () => counts.answered++)
        } else if (roll <= 2) {
          counts.told++
          tell(peers[own], other, 0)
        } else if (roll === 3) peers[own].poll()
        else if (roll === 4) peers[own].publish()
        else if (unanswered[own].length > 0) answer(peers[own], other, unanswered[own].shift()!, 0)
        collect()
      }
      for (let i = 0; i < 2000; i++) step((random() % 2) as 0 | 1, false)
      for (let i = 0; i < 20_000 && (counts.answered < counts.asked || counts.told > 0); i++) {
        step((random() % 2) as 0 | 1, true)
      }
      expect(counts, `seed ${seed}`).toEqual({ asked: counts.asked, answered: counts.asked, told: 0 })
    }
  })
})
