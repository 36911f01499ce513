// What tests use of broker.mjs.
export interface BrokerProcess {
  readonly pid: number
  readonly port: number
  /** What it wrote to stderr so far. */
  readonly log: string
  kill(): Promise<void>
  stop(): Promise<{ shards: Record<string, number>[]; control: Record<string, number> }>
}
export function startBroker(options: {
  directory: string
  shards?: number
  settings?: Readonly<Record<string, string | number>>
}): Promise<BrokerProcess>
