package login_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

// passwords is a provider whose hashes are counted, and are no hashes.
type passwords struct {
	mu     sync.Mutex
	hashes int
	before func(context.Context) // what happens while a password is hashed
}

func (p *passwords) hash(password string) token.Secret {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hashes++
	return token.NewSecret("hash of " + password)
}

func (p *passwords) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hashes
}

func (p *passwords) read(req *login.Request) (email, password string, err error) {
	email, errE := req.Text("email")
	password, errP := req.Text("password")
	return strings.ToLower(email), password, errors.Join(errE, errP)
}

var errBadLogin = login.Reject("Invalid email or password")

func (p *passwords) Authenticate(ctx context.Context, req *login.Request) (login.Outcome, error) {
	email, password, err := p.read(req)
	if err != nil {
		return login.Outcome{}, err
	}
	kept, err := req.Find(ctx, email)
	if err != nil && !errors.Is(err, login.ErrNotFound) {
		return login.Outcome{}, err
	}
	hash := p.hash(password)
	if p.before != nil {
		p.before(ctx)
	}
	plain := strings.TrimPrefix(kept.Secret.Reveal(), "old ")
	if err != nil || plain == "" || plain != hash.Reveal() {
		return login.Outcome{}, errBadLogin
	}
	return login.Outcome{EntityID: email, Identifier: email, Secret: hash, Method: "pwd"}, nil
}

func (p *passwords) Register(_ context.Context, req *login.Request) (login.Outcome, error) {
	email, password, err := p.read(req)
	if err != nil {
		return login.Outcome{}, err
	}
	if password == "" {
		return login.Outcome{}, login.Reject("Password is required")
	}
	id, err := p.EntityID(email)
	if err != nil || len(password) > 1024 || strings.Contains(password, "\x00") { // which no store keeps, as there is no real hash
		return login.Outcome{}, login.Reject("Email or password cannot be kept")
	}
	return login.Outcome{EntityID: id, Identifier: email, Secret: p.hash(password), Method: "pwd"}, nil
}

func (p *passwords) EntityID(identifier string) (string, error) {
	if !strings.Contains(identifier, "@") {
		return "", errors.New("no e-mail address")
	}
	return strings.ToLower(identifier), nil
}

func (p *passwords) Update(_ context.Context, req *login.Request, current login.ProviderIdentity) (login.ProviderIdentity, error) {
	password, err := req.Text("password")
	if err != nil {
		return current, err
	}
	if len(password) < 8 {
		return current, &auth.Error{Status: 400, Type: "invalid_data", Message: "The password is too short"}
	}
	current.EntityID, current.Identifier = "somebody@else.example", "somebody@else.example" // which counts for nothing
	current.Secret = p.hash(password)
	return current, nil
}

// pages is a provider whose pages are elsewhere: who comes back with the state is who the code says.
type pages struct{ email bool }

func (p *pages) Authenticate(ctx context.Context, req *login.Request) (login.Outcome, error) {
	state, err := req.KeepState(ctx, must(auth.NewMetadata(map[string]any{"verifier": "v"})))
	return login.Outcome{Location: "https://pages.example/authorize?state=" + state}, err
}

func (p *pages) Callback(ctx context.Context, req *login.Request) (login.Outcome, error) {
	state, err := req.Text("state")
	if err != nil {
		return login.Outcome{}, err
	}
	data, err := req.TakeState(ctx, state)
	if err != nil {
		return login.Outcome{}, err
	}
	if data.Get("verifier") != "v" {
		return login.Outcome{}, errors.New("not the data that was kept")
	}
	code, err := req.Text("code")
	out := login.Outcome{EntityID: code, Create: true, Method: "fed"}
	if p.email {
		out.Identifier, out.VerifiedEmail = code+"@example.com", code+"@example.com"
	}
	return out, err
}

// flow begins a log-in by pages, and returns the state.
func (b *browser) flow(t *testing.T, method string) string {
	t.Helper()
	got := b.send("POST /auth/customer/"+method, "")
	check(t, "beginning a flow: "+got.Text, got.Status, 200)
	_, state, _ := strings.Cut(got.at("location"), "state=")
	return state
}

// comeBack ends it as whom the code says.
func (b *browser) comeBack(method, state, code string) reply {
	return b.send("GET /auth/customer/"+method+"/callback?code="+code+"&state="+state, "")
}
