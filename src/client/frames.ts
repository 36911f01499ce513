// Requests and answers as they go over a client's connection: each a frame, a length and then so many bytes.
import { requestHeaderVersion, responseHeaderVersion } from '../wire/generated/apis.ts'
import { Reader } from '../wire/reader.ts'
import { RequestHeader, ResponseHeader, readResponseHeader, writeRequestHeader } from '../wire/request-header.ts'
import { Writer } from '../wire/writer.ts'

const SIZE_BYTES = 4
/** Of an answer's frame, and of what it may decode to. */
const ANSWER_BYTES_MAX = 256 << 20

export type WriteBody = (writer: Writer) => void

/** A whole request, its length included. */
export function requestFrame(
  apiKey: number,
  apiVersion: number,
  correlationId: number,
  clientId: string,
  writeBody: WriteBody,
): Buffer {
  const writer = new Writer()
  const header = new RequestHeader()
  header.requestApiKey = apiKey
  header.requestApiVersion = apiVersion
  header.correlationId = correlationId
  header.clientId = clientId
  writer.writeInt32(0)
  writeRequestHeader(writer, requestHeaderVersion(apiKey, apiVersion), header)
  writeBody(writer)
  writer.patchInt32(0, writer.mark - SIZE_BYTES)
  const { buffer, byteOffset, length } = writer.written()
  return Buffer.from(buffer, byteOffset, length)
}

/** The answers in a stream of bytes that comes in pieces. */
export class AnswerFrames {
  /** What has come of frames that are not whole. */
  #chunks: Buffer[] = []
  #byteLength = 0

  /** Calls `onFrame` for every answer that is whole now, its length left out. Throws at a length that none can have. */
  take(bytes: Buffer, onFrame: (frame: Buffer) => void): void {
    this.#chunks.push(bytes)
    this.#byteLength += bytes.length
    while (this.#byteLength >= SIZE_BYTES) {
      if (this.#chunks[0]!.length < SIZE_BYTES) this.#join()
      const frameEnd = SIZE_BYTES + this.#chunks[0]!.readInt32BE(0)
      if (frameEnd < SIZE_BYTES || frameEnd > ANSWER_BYTES_MAX) throw new Error(`${frameEnd} is no length of an answer`)
      if (this.#byteLength < frameEnd) return
      const all = this.#join()
      this.#chunks = [all.subarray(frameEnd)]
      this.#byteLength -= frameEnd
      onFrame(all.subarray(SIZE_BYTES, frameEnd))
    }
  }

  #join(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#chunks[0]!
  }
}

/** A reader that stands at an answer's body; throws if the answer is to another question. */
export function answerReader(frame: Buffer, apiKey: number, apiVersion: number, asked: number): Reader {
  const reader = new Reader()
  reader.reset(frame, new DataView(frame.buffer, frame.byteOffset, frame.length), 0, frame.length, ANSWER_BYTES_MAX)
  const { correlationId } = readResponseHeader(reader, responseHeaderVersion(apiKey, apiVersion), new ResponseHeader())
  if (correlationId !== asked) throw new Error(`it is to question ${correlationId}, not to ${asked}`)
  return reader
}
