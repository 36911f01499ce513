// Which partition a log is of, and where it lies. Plain data.

export interface LogIdentity {
  topic: string
  topicId: string
  partition: number
  /** Of its segments: made when there is something to store. */
  directory: string
}
