package wire_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/wire"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func check[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\ngot  %+v\nwant %+v", what, got, want)
	}
}

// guard lets those pass who say that they are ann.
var guard = auth.New(auth.Bearer(auth.TokenVerifierFunc(func(_ context.Context, c auth.Credential) (*auth.AuthContext, error) {
	if c.Token != "ann" {
		return nil, auth.ErrInvalidCredentials
	}
	return &auth.AuthContext{Actor: auth.Actor{Type: "user", ID: "ann"}}, nil
}), nil), &auth.Options{Logger: slog.New(slog.DiscardHandler)})

// A reply is what became of a request.
type reply struct {
	Status int
	Body   string
	Allow  string
}

// send returns the answer to r, and looks at the fields that all answers have.
func send(t *testing.T, server *httptest.Server, r *http.Request) reply {
	t.Helper()
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body := must(io.ReadAll(response.Body))
	check(t, "Content-Type", response.Header.Get("Content-Type"), "application/json")
	check(t, "Cache-Control", response.Header.Get("Cache-Control"), "no-store")
	check(t, "X-Content-Type-Options", response.Header.Get("X-Content-Type-Options"), "nosniff")
	return reply{response.StatusCode, strings.TrimSuffix(string(body), "\n"), response.Header.Get("Allow")}
}

// serve returns a server that answers with what it decoded into a T.
func serve[T any](t *testing.T) *httptest.Server {
	routes := wire.Routes{"POST /": func(w http.ResponseWriter, r *http.Request) error {
		var body T
		if err := wire.Decode(w, r, &body); err != nil {
			return err
		}
		wire.Write(w, http.StatusOK, body)
		return nil
	}}
	server := httptest.NewServer(routes.Handler(guard))
	t.Cleanup(server.Close)
	return server
}

// post returns a request with a body and fields, each "Name: value".
func post(url string, body io.Reader, lines ...string) *http.Request {
	r := must(http.NewRequest("POST", url, body))
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	return r
}

func refused(status int, kind, format string, args ...any) reply {
	text := must(json.Marshal(map[string]string{"message": fmt.Sprintf(format, args...)}))
	return reply{Status: status, Body: fmt.Sprintf(`{"type":%q,%s`, kind, text[1:])}
}

func invalid(format string, args ...any) reply {
	return refused(400, "invalid_data", "Invalid request: "+format, args...)
}

// panics returns what f panics with.
func panics(f func()) (with string) {
	defer func() { with = fmt.Sprint(recover()) }()
	f()
	return ""
}
