package authtest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/authtest"
)

const (
	goodTicket = "good-ticket-0123456789"
	badTicket  = "forged-ticket-0123456789"
	downTicket = "down-ticket-0123456789"
)

var (
	wantsTicket = auth.Challenge{Scheme: "Ticket", Params: []auth.Param{{Name: "realm", Value: "api"}}}
	noTicket    = auth.NoCredentials(wantsTicket)
)

// tickets is a scheme as it should be: "Authorization: Ticket …".
type tickets struct{ auth.SchemeFunc }

func (tickets) Challenge() auth.Challenge { return wantsTicket }

func ticket(r *http.Request) (*auth.AuthContext, error) {
	fields := r.Header["Authorization"]
	if len(fields) == 0 {
		return nil, noTicket
	}
	if len(fields) > 1 {
		return nil, &auth.Error{Status: http.StatusBadRequest, Err: errors.New("two Authorization fields")}
	}
	name, value, _ := strings.Cut(fields[0], " ")
	if !strings.EqualFold(name, "Ticket") {
		return nil, noTicket
	}
	switch value {
	case goodTicket:
		return &auth.AuthContext{Scheme: "ticket", Actor: auth.Actor{Type: "visitor", ID: "v1"}}, nil
	case downTicket:
		return nil, fmt.Errorf("box office: %w", auth.ErrUnavailable)
	}
	return nil, fmt.Errorf("ticket: %w", auth.ErrInvalidCredentials)
}

func with(value string) func() *http.Request {
	return func() *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/shows", strings.NewReader("seat=7"))
		r.Header.Set("Authorization", "Ticket "+value)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	}
}

var requests = authtest.Requests{
	Good: with(goodTicket),
	Bad:  map[string]func() *http.Request{"forged": with(badTicket)},
	Down: with(downTicket),
}

func TestTestSchemeAcceptsAGoodScheme(t *testing.T) {
	authtest.TestScheme(t, tickets{ticket}, requests)
}

func TestTestSchemeAcceptsOurOwn(t *testing.T) {
	verifier := auth.TokenVerifierFunc(func(_ context.Context, c auth.Credential) (*auth.AuthContext, error) {
		return ticket(with(c.Token)())
	})
	field := func(name, prefix string) func(string) func() *http.Request {
		return func(value string) func() *http.Request {
			return func() *http.Request {
				r := httptest.NewRequest(http.MethodGet, "/", nil)
				r.Header.Set(name, prefix+value)
				return r
			}
		}
	}
	for name, test := range map[string]struct {
		scheme auth.Scheme
		with   func(string) func() *http.Request
	}{
		"Bearer": {auth.Bearer(verifier, nil), field("Authorization", "Bearer ")},
		"Header": {auth.Header("X-API-Key", verifier), field("X-API-Key", "")},
		"Basic":  {auth.Basic(verifier, &auth.BasicOptions{Lenient: true}), field("Authorization", "Basic ")},
		"Cookie": {auth.Cookie("__Host-t", verifier, nil), field("Cookie", "__Host-t=")},
		"AnyOf": {auth.AnyOf(auth.Cookie("__Host-t", verifier, nil), auth.Bearer(verifier, nil)),
			field("Authorization", "Bearer ")},
	} {
		t.Run(name, func(t *testing.T) {
			authtest.TestScheme(t, test.scheme, authtest.Requests{
				Good: test.with(goodTicket),
				Bad:  map[string]func() *http.Request{"forged": test.with(badTicket)},
				Down: test.with(downTicket),
			})
		})
	}
}
