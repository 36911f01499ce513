// Metadata records of one node, as its controller would write them: for benchmarks that drive what is behind it.

/** A topic with so many partitions, all of them on node 1. */
export function topicRecords(name, topicId, partitions) {
  const records = [{ type: 'TopicRecord', name, topicId }]
  for (let partitionId = 0; partitionId < partitions; partitionId++) {
    records.push({
      type: 'PartitionRecord',
      partitionId,
      topicId,
      replicas: [1],
      isr: [1],
      removingReplicas: [],
      addingReplicas: [],
      leader: 1,
      leaderRecoveryState: 0,
      leaderEpoch: 0,
      partitionEpoch: 0,
      directories: ['AAAAAAAAAAAAAAAAAAAAAA'],
      eligibleLeaderReplicas: null,
      lastKnownElr: null,
    })
  }
  return records
}
