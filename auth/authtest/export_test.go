package authtest

import "github.com/countersign-go/countersign/auth"

// FailedCases returns the names of the cases of TestScheme that s fails.
func FailedCases(s auth.Scheme, q Requests) (failed []string) {
	for _, c := range schemeCases {
		if c.check(s, q) != nil {
			failed = append(failed, c.name)
		}
	}
	return failed
}
