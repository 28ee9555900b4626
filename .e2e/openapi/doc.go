// Package openapi holds nothing but a test: what the HTTP APIs of this module do, sent over a connection by a client that
// records it, is held against the OpenAPI documents that they serve themselves.
package openapi
