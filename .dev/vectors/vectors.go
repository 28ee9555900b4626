// Package vectors pins the test vectors that the tests of other packages are held against. It is a module of its own,
// so that nobody who imports the library ever has to fetch them:
//
//	GOWORK=off go -C .dev/vectors mod download
package vectors
