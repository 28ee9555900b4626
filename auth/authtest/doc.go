// Package authtest helps to test what is built on package auth: handlers behind a guard, with [As], and schemes, with
// [TestScheme]. It works in test binaries only.
package authtest
