// Package authtest helps to test what is built on package auth: handlers behind a guard, with [As], schemes, with
// [TestScheme], and whatever trusts an identity provider, with an [Issuer]. It works in test binaries only.
package authtest
