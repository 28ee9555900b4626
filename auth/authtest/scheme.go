package authtest

import (
	"net/http"
	"testing"

	"github.com/countersign-go/countersign/auth"
)

// Requests are what [TestScheme] tries a scheme with. Each func makes a new request every time it is called.
type Requests struct {
	// Good carries credentials that the scheme accepts. Required.
	Good func() *http.Request
	// Bad carries credentials of the scheme that are no good, by what is wrong with them: forged, expired, revoked.
	// Required.
	Bad map[string]func() *http.Request
	// Down carries good credentials while something that the scheme depends on does not answer. nil if it depends on
	// nothing.
	Down func() *http.Request
}

// TestScheme holds a scheme against what [auth.Scheme] and the interfaces beside it promise, each promise a subtest. Run
// it with the race detector.
func TestScheme(t *testing.T, s auth.Scheme, q Requests) {
	t.Helper()
	if s == nil || q.Good == nil || len(q.Bad) == 0 {
		t.Fatal("authtest: TestScheme needs a scheme, Requests.Good and Requests.Bad")
	}
	for _, c := range schemeCases {
		t.Run(c.name, func(t *testing.T) {
			if err := c.check(s, q); err != nil {
				t.Error(err)
			}
		})
	}
}

type schemeCase struct {
	name  string
	check func(s auth.Scheme, q Requests) error
}

var schemeCases = []schemeCase{
	{"good credentials are accepted, every time", acceptsGood},
	{"an AuthContext names who and how", namesWhoAndHow},
	{"no credentials are NoCredentials itself", noneIsNone},
	{"no credentials come with a challenge", noneAsks},
	{"credentials of other schemes are none of its own", ignoresOthers},
	{"bad credentials are invalid", refusesBad},
	{"bad credentials are refused by a guard", guardRefusesBad},
	{"emptied credentials are not accepted", refusesEmpty},
	{"a second field of credentials is not overlooked", refusesRepeated},
	{"an outage is unavailable, not a no", outageIsUnavailable},
	{"a cancelled request is not told that its credentials are bad", cancelledIsNoAnswer},
	{"an error holds no credentials", keepsSecrets},
	{"the request is left as it was", leavesRequest},
	{"many goroutines may ask at once", isConcurrent},
	{"Detect agrees with Authenticate", detects},
	{"Respond sets headers of one line", responds},
}
