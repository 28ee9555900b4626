// Package authtest helps to test what is built on package auth. It works in test binaries only.
//
//   - [As] makes a request that is authenticated, for tests of handlers behind a guard
//   - [TestScheme] is the suite that a scheme of one's own must pass
//   - [NewIssuer] starts an identity provider, for tests of what trusts one: it mints tokens, publishes its keys and its
//     metadata, rotates, and fails on demand with a [Fault]
//
// Nobody can log in at an Issuer: the authorization and the token endpoint that its metadata name are not there. A test
// of a log-in by package auth/login/oidc answers for both itself, as example_login_test.go there shows.
//
// An [Issuer] listens on loopback. One that is in memory has a Transport instead, and works in a testing/synctest bubble,
// where hours pass in no time.
package authtest
