// What does a small request cost between the frame and its answer, by API and by how many share a tick? Produce and Fetch
// go by pooled calls; any other becomes objects and promises, and is answered a tick later.
//
//   npm run build:ts && node bench/net/requests.bench.mjs [--small]
//
// No sockets (see hand-driven.mjs). What they cost, and the splitting of frames, is in bench/native/reactor.bench.mjs.
import { frameOf, HandDriven } from '../hand-driven.mjs'
import { fromDist, question, row } from '../micro.mjs'

const { fetchRequest, produceRequest } = await fromDist('client/record-requests')
const { produceApi, writeProduceRequest } = await fromDist('wire/generated/00-produce')
const { fetchApi, writeFetchRequest } = await fromDist('wire/generated/01-fetch')
const { metadataApi, writeMetadataRequest } = await fromDist('wire/generated/03-metadata')
const { apiVersionsApi, writeApiVersionsRequest } = await fromDist('wire/generated/18-api-versions')

const { topic } = HandDriven
const software = { clientSoftwareName: 'bench', clientSoftwareVersion: '1' }
const asked = {
  topics: [{ topicId: 'AAAAAAAAAAAAAAAAAAAAAA', name: topic }],
  allowAutoTopicCreation: false,
  includeClusterAuthorizedOperations: false,
  includeTopicAuthorizedOperations: false,
}
const nothing = fetchRequest(topic, [[0, 0]])
/** Of a partition that is not there: decoded, taken apart, refused. */
const refused = produceRequest(topic, [[99, new Uint8Array(100)]])

const REQUESTS = [
  ['a produce that is refused', frameOf(produceApi, 12, (writer) => writeProduceRequest(writer, 12, refused))],
  ['a fetch that finds nothing', frameOf(fetchApi, 12, (writer) => writeFetchRequest(writer, 12, nothing))],
  ['ApiVersions', frameOf(apiVersionsApi, 4, (writer) => writeApiVersionsRequest(writer, 4, software))],
  ['Metadata of a topic', frameOf(metadataApi, 12, (writer) => writeMetadataRequest(writer, 12, asked))],
]

question('Small requests, from frame to answer')
for (const [name, frame] of REQUESTS) {
  const shard = await HandDriven.start(1)
  for (const count of [1, 100]) {
    const frames = Array.from({ length: count }, () => [shard.connect(), frame])
    let asked = shard.answers
    const tick = async () => {
      asked += count
      await shard.tick(frames)
      // Its handler's promise.
      if (shard.answers < asked) await shard.tick([])
      while (shard.answers < asked) await new Promise((resolve) => setImmediate(() => resolve(shard.tick([]))))
    }
    await row(`${name}, ${count} a tick`, tick, count)
  }
  await shard.close()
}
