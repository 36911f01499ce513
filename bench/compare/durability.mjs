// What an acks=1 answer promises on either side, in words, and when consumers see a record: by how millrace is set. Row by
// row the same, so that rows of like promises are told from rows of unlike ones.
const NEVER_SYNCED = 'millrace with millrace.durability=os, Kafka as it comes'

/** Rows that only produce. */
export const answered = {
  durable:
    'both answer when the batch is written: millrace to its journal, which it then syncs, Kafka to the page cache, ' +
    'which it does not',
  os: `both answer when the batch is in the page cache, not synced: ${NEVER_SYNCED}`,
}

/** Rows that consume too. */
export const seen = {
  durable: `${answered.durable}; consumers see it with millrace once it is synced, with Kafka once it is written`,
  os: `${answered.os}; consumers see it then`,
}

/** A row's, where what millrace is set to makes no difference; or the one that fits. */
export function durabilityText(ofRow, { ours, theirs }) {
  const text = typeof ofRow === 'string' ? ofRow : ofRow[ours.shown?.['millrace.durability'] ?? 'durable']
  // A peer that does not speak Kafka's protocol says its own.
  return theirs.peer.speaksKafka ? text : `${text.replace(', Kafka', '; Kafka')}; ${theirs.peer.durability}`
}
