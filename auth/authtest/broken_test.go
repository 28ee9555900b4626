package authtest_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/authtest"
)

// broken are schemes with one mistake each, and the case that must name it.
var broken = []struct {
	name   string
	fails  string
	scheme func(r *http.Request) (*auth.AuthContext, error)
}{
	{"wraps NoCredentials", "no credentials are NoCredentials itself",
		func(r *http.Request) (*auth.AuthContext, error) {
			ac, err := ticket(r)
			if auth.IsNoCredentials(err) {
				err = fmt.Errorf("ticket: %w", err)
			}
			return ac, err
		}},
	{"returns nil, nil for none", "no credentials are NoCredentials itself",
		func(r *http.Request) (*auth.AuthContext, error) {
			ac, err := ticket(r)
			if auth.IsNoCredentials(err) {
				err = nil
			}
			return ac, err
		}},
	{"takes bad for none", "bad credentials are invalid",
		func(r *http.Request) (*auth.AuthContext, error) {
			ac, err := ticket(r)
			if errors.Is(err, auth.ErrInvalidCredentials) {
				err = noTicket
			}
			return ac, err
		}},
	{"calls bad a failure", "bad credentials are refused by a guard",
		func(r *http.Request) (*auth.AuthContext, error) {
			ac, err := ticket(r)
			if errors.Is(err, auth.ErrInvalidCredentials) {
				err = errors.New("wrong ticket")
			}
			return ac, err
		}},
	{"calls an outage bad", "an outage is unavailable, not a no",
		func(r *http.Request) (*auth.AuthContext, error) {
			ac, err := ticket(r)
			if errors.Is(err, auth.ErrUnavailable) {
				err = auth.ErrInvalidCredentials
			}
			return ac, err
		}},
	{"calls a cancelled request bad", "a cancelled request is not told that its credentials are bad",
		func(r *http.Request) (*auth.AuthContext, error) {
			if r.Context().Err() != nil {
				return nil, auth.ErrInvalidCredentials
			}
			return ticket(r)
		}},
	{"repeats the ticket in its error", "an error holds no credentials",
		func(r *http.Request) (*auth.AuthContext, error) {
			ac, err := ticket(r)
			if errors.Is(err, auth.ErrInvalidCredentials) {
				err = fmt.Errorf("%w: %s", err, r.Header.Get("Authorization"))
			}
			return ac, err
		}},
	{"takes the first Authorization field", "a second field of credentials is not overlooked",
		func(r *http.Request) (*auth.AuthContext, error) {
			one := r.Clone(r.Context())
			one.Header.Set("Authorization", r.Header.Get("Authorization"))
			if r.Header.Get("Authorization") == "" {
				one.Header.Del("Authorization")
			}
			return ticket(one)
		}},
	{"takes every Authorization for its own", "credentials of other schemes are none of its own",
		func(r *http.Request) (*auth.AuthContext, error) {
			ac, err := ticket(r)
			if auth.IsNoCredentials(err) && r.Header.Get("Authorization") != "" {
				err = auth.ErrInvalidCredentials
			}
			return ac, err
		}},
	{"takes the header away", "the request is left as it was",
		func(r *http.Request) (*auth.AuthContext, error) {
			defer r.Header.Del("Authorization")
			return ticket(r)
		}},
	{"uses up the body", "the request is left as it was",
		func(r *http.Request) (*auth.AuthContext, error) {
			_, _ = io.Copy(io.Discard, r.Body)
			return ticket(r)
		}},
	{"accepts once", "good credentials are accepted, every time", once()},
	{"says nobody", "an AuthContext names who and how",
		func(r *http.Request) (*auth.AuthContext, error) {
			ac, err := ticket(r)
			if ac != nil {
				ac.Actor = auth.Actor{}
			}
			return ac, err
		}},
	{"accepts an empty ticket", "emptied credentials are not accepted",
		func(r *http.Request) (*auth.AuthContext, error) {
			if fields, ok := r.Header["Authorization"]; ok && strings.TrimSpace(fields[0]) == "" {
				return &auth.AuthContext{Scheme: "ticket", Actor: auth.Actor{Type: "visitor", ID: "v0"}}, nil
			}
			return ticket(r)
		}},
}

// once returns a scheme that accepts one request in its life.
func once() func(r *http.Request) (*auth.AuthContext, error) {
	var used atomic.Bool
	return func(r *http.Request) (*auth.AuthContext, error) {
		ac, err := ticket(r)
		if err == nil && used.Swap(true) {
			return nil, auth.ErrInvalidCredentials
		}
		return ac, err
	}
}

func TestTestSchemeNamesWhatIsBroken(t *testing.T) {
	for _, test := range broken {
		t.Run(test.name, func(t *testing.T) {
			failed := authtest.FailedCases(tickets{test.scheme}, requests)
			if !slices.Contains(failed, test.fails) {
				t.Errorf("failed %q, want %q among them", failed, test.fails)
			}
		})
	}
}

// blind and noisy are a scheme whose Detect sees nothing, and one whose Respond lets a header be split.
type (
	blind struct{ auth.SchemeFunc }
	noisy struct{ auth.SchemeFunc }
)

// mute asks for nothing at all.
func mute(r *http.Request) (*auth.AuthContext, error) {
	ac, err := ticket(r)
	if auth.IsNoCredentials(err) {
		err = auth.NoCredentials()
	}
	return ac, err
}

func (blind) Detect(*http.Request) auth.Presence { return auth.None }

func (noisy) Respond(h http.Header, _ *http.Request, _ *auth.AuthContext, _ error) {
	h.Set("X-Seat", "7\r\nSet-Cookie: planted=1")
}

func TestTestSchemeNamesBrokenInterfaces(t *testing.T) {
	for _, test := range []struct {
		fails  string
		scheme auth.Scheme
	}{
		{"Detect agrees with Authenticate", blind{ticket}},
		{"Respond sets headers of one line", noisy{ticket}},
		{"bad credentials are refused by a guard", auth.SchemeFunc(ticket)}, // asks for nothing of its own
		{"no credentials come with a challenge", auth.SchemeFunc(mute)},
	} {
		t.Run(test.fails, func(t *testing.T) {
			failed := authtest.FailedCases(test.scheme, requests)
			if !slices.Contains(failed, test.fails) {
				t.Errorf("failed %q, want %q among them", failed, test.fails)
			}
		})
	}
}
