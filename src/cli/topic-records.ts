// `millrace topic delete-records`: partitions lose what is before an offset, for good.
import { ErrorCode } from '../model/error-codes.ts'
import { type Cluster, inOrder, nameOf, type TopicChoice } from './cluster.ts'
import { type Result, refusalOf } from './remote.ts'
import { table } from './table.ts'

export async function deleteRecordsOf(
  cluster: Cluster,
  { topic, partitions }: TopicChoice,
  before: number | 'everything',
): Promise<Result> {
  const chosen = partitions ?? (await cluster.partitionsOf([topic])).get(topic)
  if (chosen === undefined) {
    return { json: null, text: '', refusals: refusalOf(topic, ErrorCode.UnknownTopicOrPartition, null) }
  }
  const wanted = [...new Set(chosen)].map((partition) => ({ topic, partition })).sort(inOrder)
  const answers = await cluster.deleteRecords(wanted, before)
  const deleted = answers
    .filter(({ errorCode }) => errorCode === ErrorCode.None)
    .map(({ topic, partition, offset }) => ({ topic, partition, earliestOffset: offset }))
  return {
    json: deleted,
    text: table(
      ['TOPIC', 'PARTITION', 'EARLIEST OFFSET'],
      deleted.map(({ topic, partition, earliestOffset }) => [topic, partition, earliestOffset]),
    ),
    refusals: answers.flatMap((answer) => refusalOf(nameOf(answer), answer.errorCode, null)),
  }
}
