// Package testhook is how authtest hands a guard a request that is already authenticated. It is internal, so that no
// program can, and it is off unless authtest has found itself in a test binary.
package testhook

// Key is the context key of the *auth.AuthContext that authtest attached.
type Key struct{}

// Enabled is set once, by authtest, when its package is initialized.
var Enabled bool
