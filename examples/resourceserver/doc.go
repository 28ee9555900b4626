// Package resourceserver is two programs: an issuer whose signing key changes every few seconds, and an API that accepts
// its tokens and knows its URL only. In two terminals:
//
//	go run ./examples/resourceserver/issuer
//	go run ./examples/resourceserver/api
package resourceserver
