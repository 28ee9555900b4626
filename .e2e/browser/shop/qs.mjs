// The package qs has a script for browsers, and no module: this makes one of it.
export const { parse, stringify } = globalThis.Qs
