package logintest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
)

const (
	method    = "provider" // the ID of the provider under test
	actorType = "customer"
	basePath  = login.DefaultPath + "/" + actorType + "/" + method
)

var (
	errDown  = fmt.Errorf("logintest: the store is down: %w", auth.ErrUnavailable)
	errPanic = errors.New("logintest: a panic")
)

// A desk is where people log in by the provider under test: everything is real, but what it keeps.
type desk struct {
	service *login.Service
	handler http.Handler
	shelf   *shelf
	drawer  *drawer
	spy     *spy
	log     *logbook
	requests

	mu     sync.Mutex
	events []login.Event
}

// requests are those that a desk is tried with.
type requests = Requests

func newDesk(p login.Provider, q Requests) (*desk, error) {
	d := &desk{
		shelf:  &shelf{identities: map[string]login.AuthIdentity{}},
		drawer: &drawer{tokens: map[string]login.OneTimeToken{}}, log: &logbook{}, requests: q,
	}
	d.spy = &spy{found: d.shelf.found}
	logger := d.log.logger()
	var err error
	d.service, err = login.New(login.Config{
		Store: d.shelf, Tokens: d.drawer, Attempts: forgetful{}, Sessions: sessions{},
		Methods: []login.Method{{ID: method, Provider: d.spy.around(p)}},
		Actors:  map[string][]string{actorType: {method}},
		OnEvent: d.take, Logger: logger,
	})
	if err != nil {
		return nil, err
	}
	nobody := auth.Bearer(auth.TokenVerifierFunc(func(context.Context, auth.Credential) (*auth.AuthContext, error) {
		return nil, auth.ErrInvalidCredentials
	}), nil)
	d.handler = login.NewHandler(d.service, auth.New(nobody, &auth.Options{Logger: logger}), nil)
	return d, nil
}

func (d *desk) take(_ context.Context, e login.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.events = append(d.events, e)
}

// resetToken returns the latest token that resets credentials, "" if there is none.
func (d *desk) resetToken() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range slices.Backward(d.events) {
		if e.Kind == login.ResetRequested {
			return e.Token.Reveal()
		}
	}
	return ""
}

// An account is what Requests.Account made.
type account struct {
	kept login.ProviderIdentity // its EntityID is empty if nothing is kept
	id   string                 // of the identity, if something is
	good Fields
}

// open makes an account.
func (d *desk) open() (account, error) {
	kept, good := d.Account()
	a := account{kept: kept, good: good}
	if kept.EntityID == "" {
		return a, nil
	}
	a.kept.Provider = method
	if a.kept.Identifier == "" {
		a.kept.Identifier = a.kept.EntityID
	}
	i, err := d.service.Create(context.Background(), login.AuthIdentity{Providers: []login.ProviderIdentity{a.kept}})
	if err != nil {
		return a, fmt.Errorf("Requests.Account returned what nobody can keep: %w", err)
	}
	a.id = i.ID
	return a, nil
}

// An answer is what became of a request.
type answer struct {
	status   int
	header   http.Header
	body     string
	token    string
	location string
	calls    []call // of the provider
}

// last returns the last call of the provider, one that failed if there was none.
func (a answer) last() call {
	if len(a.calls) == 0 {
		return call{err: errors.New("logintest: the provider was not asked")}
	}
	return a.calls[len(a.calls)-1]
}

// unexpected returns the error that a is, what it should have been, and what the provider said.
func (a answer) unexpected(want string) error {
	err := fmt.Errorf("got %v, %s", a, want)
	if cause := a.last().err; cause != nil {
		return fmt.Errorf("%w: %w", err, cause)
	}
	return err
}

// String returns what the client was told.
func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, strings.TrimSpace(a.body)) }

// identity returns the ID of the identity that has logged in.
func (a answer) identity() string { return strings.TrimPrefix(a.token, tokenPrefix) }

// said is all that a client may read of a.
func (a answer) said() string {
	said := fmt.Sprint(a.status, a.header, a.body)
	for _, c := range a.calls {
		said += c.said()
	}
	return said
}

// A browser keeps the cookies of a desk.
type browser struct {
	*desk
	cookies map[string]string
	bearer  string
}

func (d *desk) browser() *browser { return &browser{desk: d, cookies: map[string]string{}} }

// post sends fields to a path below that of the provider.
func (b *browser) post(path string, f Fields) answer { return b.send(context.Background(), path, f) }

// maxQuery is how long a query may be that servers and proxies let pass, in bytes.
const maxQuery = 4 << 10

// back is how a browser comes back from elsewhere: by a GET, if that can say all.
func (b *browser) back(ctx context.Context, f Fields) answer {
	query := url.Values{}
	for name, value := range f {
		text, ok := value.(string)
		if !ok {
			return b.send(ctx, "/callback", f)
		}
		query.Set(name, text)
	}
	if text := query.Encode(); len(text) <= maxQuery {
		return b.do(httptest.NewRequestWithContext(ctx, http.MethodGet, "https://example.com"+basePath+"/callback?"+text, nil))
	}
	return b.send(ctx, "/callback", f)
}

func (b *browser) send(ctx context.Context, path string, f Fields) answer {
	body, err := json.Marshal(f)
	if err != nil {
		return answer{body: fmt.Sprint("logintest: fields that are no JSON: ", err)}
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "https://example.com"+basePath+path, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if b.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+b.bearer)
	}
	return b.do(r)
}

func (b *browser) do(r *http.Request) answer {
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	res := w.Result()
	for _, c := range res.Cookies() {
		b.cookies[c.Name] = c.Value
	}
	body, _ := io.ReadAll(res.Body)
	a := answer{status: res.StatusCode, header: res.Header, body: string(body), calls: b.spy.take()}
	var said struct{ Token, Location string }
	if json.Unmarshal(body, &said) == nil {
		a.token, a.location = said.Token, said.Location
	}
	return a
}

// A logbook is what was logged, by many goroutines at once.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write keeps p.
func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// take returns what was logged since it was asked last.
func (l *logbook) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.text.String()
	l.text.Reset()
	return text
}

func (l *logbook) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
