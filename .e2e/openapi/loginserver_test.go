package openapi_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/login/emailpass"
	"github.com/countersign-go/countersign/store/memory"
)

// newLogins returns log-ins of customers, and of others who are turned away.
func (s *server) newLogins(logger *slog.Logger, change func(*login.Config)) *login.Service {
	cheap := emailpass.Params{Memory: 64, Time: 2, Threads: 1}
	passwords := must(emailpass.New(emailpass.Config{Argon2id: cheap, InsecureArgon2id: true}))
	all := []string{"emailpass", "pages", "broken"}
	c := login.Config{
		Store:  identities{memory.NewIdentities(nil), s},
		Tokens: memory.NewOneTimeTokens(nil), Attempts: memory.NewAttempts(nil), Sessions: s.sessions,
		Methods: []login.Method{
			{ID: "emailpass", DisplayName: "E-mail and password", Provider: passwords},
			{ID: "pages", Provider: pages{s}},
			{ID: "broken", Provider: broken{}},
		},
		Actors:               map[string][]string{"customer": all, "banned": all},
		Admit:                admit,
		OnEvent:              func(_ context.Context, e login.Event) { s.mail = e },
		InsecureUnboundFlows: true, // the client keeps no cookies
		Logger:               logger,
	}
	if change != nil {
		change(&c)
	}
	return must(login.New(c))
}

func admit(_ context.Context, who auth.AuthContext) (auth.AuthContext, error) {
	if who.Actor.Type == "banned" {
		return auth.AuthContext{}, &auth.Error{Status: http.StatusForbidden}
	}
	return who, nil
}

// identities is a store of identities that can fail to read.
type identities struct {
	*memory.Identities
	server *server
}

func (i identities) Get(ctx context.Context, id string) (login.AuthIdentity, error) {
	if err := i.server.fails; err != nil {
		return login.AuthIdentity{}, err
	}
	return i.Identities.Get(ctx, id)
}

func (i identities) Find(ctx context.Context, provider, entityID string) (login.AuthIdentity, error) {
	if err := i.server.fails; err != nil {
		return login.AuthIdentity{}, err
	}
	return i.Identities.Find(ctx, provider, entityID)
}

// pages is a provider whose pages are elsewhere. Whoever has been there has a code, which is their name.
type pages struct{ server *server }

func (p pages) Authenticate(ctx context.Context, req *login.Request) (login.Outcome, error) {
	if p.server.fails != nil {
		return login.Outcome{}, p.server.fails
	}
	out, err := whose(req)
	if err != nil || out.EntityID != "" {
		return out, err
	}
	state, err := req.KeepState(ctx, auth.Metadata{})
	return login.Outcome{Location: "https://pages.example/authorize?state=" + state}, err
}

func (p pages) Callback(ctx context.Context, req *login.Request) (login.Outcome, error) {
	state, err := req.Text("state")
	if err == nil {
		_, err = req.TakeState(ctx, state)
	}
	out, errCode := whose(req)
	return out, errors.Join(err, errCode)
}

func whose(req *login.Request) (login.Outcome, error) {
	code, err := req.Text("code")
	if code == "wrong" {
		err = login.Reject("Invalid code")
	}
	return login.Outcome{EntityID: code, Create: true}, err
}

// broken is a provider that panics, whatever it is asked.
type broken struct {
	login.Provider
	login.Registrar
	login.Updater
	login.Callbacker
}
