// Generated from schema/22-init-producer-id.schema by scripts/generate-codecs.mjs: change that.
// InitProducerId: a producer id and epoch for an idempotent or transactional producer.
//
// v3 recovers an epoch   v6 two-phase commit (KIP-939), not yet released by Kafka, so not advertised

import { getInt64, setInt64 } from '../../lib/int64.ts'
import type { Reader } from '../reader.ts'
import type { Writer } from '../writer.ts'

export const initProducerIdApi = {
  key: 22,
  name: 'InitProducerId',
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 2,
} as const

export interface InitProducerIdRequest {
  transactionalId: string | null
  transactionTimeoutMs: number
  producerId: number
  producerEpoch: number
  enable2Pc: boolean
  keepPreparedTxn: boolean
}

export function readInitProducerIdRequest(reader: Reader, version: number): InitProducerIdRequest {
  const flexible = version >= 2
  const into: InitProducerIdRequest = {
    transactionalId: '',
    transactionTimeoutMs: 0,
    producerId: -1,
    producerEpoch: -1,
    enable2Pc: false,
    keepPreparedTxn: false,
  }
  const { view } = reader
  into.transactionalId = reader.readNullableString(flexible)
  into.transactionTimeoutMs = reader.readInt32()
  if (version >= 3) {
    const at = reader.take(10)
    into.producerId = getInt64(view, at)
    into.producerEpoch = view.getInt16(at + 8)
  }
  if (version >= 6) {
    const at2 = reader.take(2)
    into.enable2Pc = view.getInt8(at2) !== 0
    into.keepPreparedTxn = view.getInt8(at2 + 1) !== 0
  }
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeInitProducerIdRequest(writer: Writer, version: number, value: InitProducerIdRequest): void {
  const flexible = version >= 2
  writer.writeNullableString(value.transactionalId, flexible)
  writer.writeInt32(value.transactionTimeoutMs)
  if (version >= 3) {
    const at = writer.reserve(10)
    setInt64(writer.view, at, value.producerId)
    writer.view.setInt16(at + 8, value.producerEpoch)
  }
  if (version >= 6) {
    const at2 = writer.reserve(2)
    writer.view.setInt8(at2, value.enable2Pc ? 1 : 0)
    writer.view.setInt8(at2 + 1, value.keepPreparedTxn ? 1 : 0)
  }
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface InitProducerIdResponse {
  throttleTimeMs: number
  errorCode: number
  producerId: number
  producerEpoch: number
  ongoingTxnProducerId: number
  ongoingTxnProducerEpoch: number
}

export function readInitProducerIdResponse(reader: Reader, version: number): InitProducerIdResponse {
  const flexible = version >= 2
  const into: InitProducerIdResponse = {
    throttleTimeMs: 0,
    errorCode: 0,
    producerId: -1,
    producerEpoch: 0,
    ongoingTxnProducerId: -1,
    ongoingTxnProducerEpoch: -1,
  }
  const { view } = reader
  const at = reader.take(16)
  into.throttleTimeMs = view.getInt32(at)
  into.errorCode = view.getInt16(at + 4)
  into.producerId = getInt64(view, at + 6)
  into.producerEpoch = view.getInt16(at + 14)
  if (version >= 6) {
    const at2 = reader.take(10)
    into.ongoingTxnProducerId = getInt64(view, at2)
    into.ongoingTxnProducerEpoch = view.getInt16(at2 + 8)
  }
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeInitProducerIdResponse(writer: Writer, version: number, value: InitProducerIdResponse): void {
  const flexible = version >= 2
  const at = writer.reserve(16)
  writer.view.setInt32(at, value.throttleTimeMs)
  writer.view.setInt16(at + 4, value.errorCode)
  setInt64(writer.view, at + 6, value.producerId)
  writer.view.setInt16(at + 14, value.producerEpoch)
  if (version >= 6) {
    const at2 = writer.reserve(10)
    setInt64(writer.view, at2, value.ongoingTxnProducerId)
    writer.view.setInt16(at2 + 8, value.ongoingTxnProducerEpoch)
  }
  if (flexible) writer.writeUnsignedVarint(0)
}
