// What the package exports.
export { SettingsError } from './config/settings.ts'
export { Broker, type BrokerOptions } from './embedded-broker.ts'
