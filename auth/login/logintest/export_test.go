package logintest

import "github.com/countersign-go/countersign/auth/login"

// FailedCases returns the names of the cases of TestProvider that p fails, and why.
func FailedCases(p login.Provider, q Requests) (failed []string, why string) {
	for _, c := range cases {
		if err := c.run(p, q); err != nil {
			failed = append(failed, c.name)
			why += c.name + ": " + err.Error() + "\n"
		}
	}
	return failed, why
}

// Fit returns what is wrong with requests that are not for what p can do.
func Fit(p login.Provider, q Requests) error { return q.fit(p) }
