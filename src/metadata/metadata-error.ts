/** A record of the metadata log that contradicts those before it: the log is damaged or was written by something else. */
export class MetadataError extends Error {
  override name = 'MetadataError'
}
