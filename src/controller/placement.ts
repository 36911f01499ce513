// Where the replicas of new partitions go. Pure and deterministic: the same brokers and start give the same placement.
//
// Round robin: leaders rotate over the brokers; each further round of leaders shifts the followers by one, so that the
// partitions of a lost broker spread over all others. Brokers of different racks alternate in the rotation, which puts
// neighbours, and so a partition's replicas, into different racks as far as there are any.

export interface PlacementBroker {
  readonly id: number
  readonly rack: string | null
}

/** Replicas, the preferred leader first, of partitions `start`, `start + 1` … Needs 1 <= replicationFactor <= brokers. */
export function placePartitions(
  brokers: readonly PlacementBroker[],
  start: number,
  count: number,
  replicationFactor: number,
): number[][] {
  const rotation = alternateRacks(brokers)
  const others = rotation.length - 1
  return Array.from({ length: count }, (_, index) => {
    const position = start + index
    const first = position % rotation.length
    const shift = Math.floor(position / rotation.length)
    const replicas = [rotation[first]!]
    for (let follower = 0; follower < replicationFactor - 1; follower++) {
      replicas.push(rotation[(first + 1 + ((shift + follower) % others)) % rotation.length]!)
    }
    return replicas
  })
}

/** One of each rack in turn, by rising id, until all are used. */
function alternateRacks(brokers: readonly PlacementBroker[]): number[] {
  const racks = new Map<string, number[]>()
  for (const { id, rack } of [...brokers].sort((a, b) => a.id - b.id)) {
    const key = rack ?? ''
    const members = racks.get(key)
    if (members === undefined) racks.set(key, [id])
    else members.push(id)
  }
  const rotation: number[] = []
  for (let round = 0; rotation.length < brokers.length; round++) {
    for (const members of racks.values()) if (round < members.length) rotation.push(members[round]!)
  }
  return rotation
}
