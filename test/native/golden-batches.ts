// Batches as librdkafka 2.0.2 sent them (captured from kcat): four records with keys and two headers each, three of
// them small, one with a value of 200 bytes; the second one by an idempotent producer (id 4242, epoch 3).

export const plainBatch = Buffer.from(
  'AAAAAAAAAAAAAAF6AAAAAAJ0SbadAAAAAAADAAABogTRfZAAAAGiBNF9kP//////////////////AAAABD4AAAAKZmlyc3QGb25lBAp0cmFjZQ' +
    'ZhYmMKZW1wdHkAQAAAAgxzZWNvbmQGdHdvBAp0cmFjZQZhYmMKZW1wdHkAQAAABAASZW1wdHkga2V5BAp0cmFjZQZhYmMKZW1wdHkAygMAAAYK' +
    'dGhpcmSQA3Z2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dn' +
    'Z2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2' +
    'dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2BAp0cmFjZQZhYmMKZW1wdHkA',
  'base64',
)

export const idempotentBatch = Buffer.from(
  'AAAAAAAAAAAAAAF6AAAAAAJlYglOAAAAAAADAAABogTR6rUAAAGiBNHqtQAAAAAAABCSAAMAAAAAAAAABD4AAAAKZmlyc3QGb25lBAp0cmFjZQ' +
    'ZhYmMKZW1wdHkAQAAAAgxzZWNvbmQGdHdvBAp0cmFjZQZhYmMKZW1wdHkAQAAABAASZW1wdHkga2V5BAp0cmFjZQZhYmMKZW1wdHkAygMAAAYK' +
    'dGhpcmSQA3Z2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dn' +
    'Z2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2' +
    'dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2BAp0cmFjZQZhYmMKZW1wdHkA',
  'base64',
)
