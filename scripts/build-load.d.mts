// What tests use of build-load.mjs.
export function buildLoad(): { readonly load: string; readonly nullBroker: string }
