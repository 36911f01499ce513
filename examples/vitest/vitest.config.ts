// Only so that vitest does not find that of the project around it.
export default {}
