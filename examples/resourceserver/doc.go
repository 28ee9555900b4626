// Package resourceserver is two programs: an issuer whose signing key changes every few seconds, and an API that accepts
// its tokens and knows its URL only. In two terminals:
//
//	go run ./examples/resourceserver/issuer   # on port 9000; its log shows keys come and go
//	go run ./examples/resourceserver/api      # on port 8080
//
// The API prints a line to paste: it asks the issuer for a token and the API for what the token is good for.
package resourceserver
