package logintest_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/login/logintest"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/auth/wire"
)

// A words is a provider as it should be, of secret words, with a hook where each mistake could be.
type words struct {
	broken
}

// A broken is what a provider does otherwise; what is nil is as it should be.
type broken struct {
	authenticate func(ctx context.Context, req *login.Request, good func() (login.Outcome, error)) (login.Outcome, error)
	register     func(req *login.Request, good func() (login.Outcome, error)) (login.Outcome, error)
	callback     func(ctx context.Context, req *login.Request, good func() (login.Outcome, error)) (login.Outcome, error)
	entityID     func(identifier string) (string, error)
	update       func(req *login.Request, current login.ProviderIdentity) (login.ProviderIdentity, error)
}

var errRejected = login.Reject("Wrong name or word")

const minWord, maxText = 8, 100

func (w words) Authenticate(ctx context.Context, req *login.Request) (login.Outcome, error) {
	good := func() (login.Outcome, error) { return authenticate(ctx, req) }
	if w.authenticate != nil {
		return w.authenticate(ctx, req, good)
	}
	return good()
}

func authenticate(ctx context.Context, req *login.Request) (login.Outcome, error) {
	name, word, err := credentials(req)
	if err != nil {
		return login.Outcome{}, err
	}
	id, err := entityID(name)
	if err != nil {
		id = "nobody"
	}
	kept, err := req.Find(ctx, id)
	if err != nil && !errors.Is(err, login.ErrNotFound) {
		return login.Outcome{}, err
	}
	if !kept.Secret.Digest().Equal(token.Sum(word)) || err != nil {
		return login.Outcome{}, errRejected
	}
	return login.Outcome{EntityID: id, Method: "pwd"}, nil
}

func credentials(req *login.Request) (name, word string, err error) {
	name, err = text(req, "name")
	if err == nil {
		word, err = text(req, "word")
	}
	return name, word, err
}

// text returns a field that has to be there.
func text(req *login.Request, name string) (string, error) {
	value, err := req.Text(name)
	if err == nil && (value == "" || len(value) > maxText || strings.ContainsAny(value, "\x00\r\n")) {
		err = wire.Invalid("Invalid request: Field '%s' is required", name)
	}
	return value, err
}

func entityID(identifier string) (string, error) {
	if identifier == "" || len(identifier) > maxText || strings.ContainsAny(identifier, "\x00\r\n") || !utf8.ValidString(identifier) {
		return "", errors.New("words: nobody's name")
	}
	return strings.ToLower(identifier), nil
}

func (w words) Register(_ context.Context, req *login.Request) (login.Outcome, error) {
	good := func() (login.Outcome, error) {
		name, word, err := credentials(req)
		if err != nil {
			return login.Outcome{}, err
		}
		if len(word) < minWord {
			return login.Outcome{}, wire.Invalid("Invalid request: The word is too short")
		}
		id, err := entityID(name)
		if err != nil {
			return login.Outcome{}, wire.Invalid("Invalid request: The name is none")
		}
		return login.Outcome{EntityID: id, Identifier: name, Secret: token.NewSecret(word)}, nil
	}
	if w.register != nil {
		return w.register(req, good)
	}
	return good()
}

func (w words) EntityID(identifier string) (string, error) {
	if w.entityID != nil {
		return w.entityID(identifier)
	}
	return entityID(identifier)
}

func (w words) Update(_ context.Context, req *login.Request, current login.ProviderIdentity) (login.ProviderIdentity, error) {
	if w.update != nil {
		return w.update(req, current)
	}
	word, err := text(req, "word")
	if err != nil {
		return login.ProviderIdentity{}, err
	}
	current.Secret = token.NewSecret(word)
	return current, nil
}

func randomWord() string { return "word-" + rand.Text() }

func wordRequests() logintest.Requests {
	fields := func() logintest.Fields { return logintest.Fields{"name": "Ann-" + rand.Text(), "word": randomWord()} }
	return logintest.Requests{
		Account: func() (login.ProviderIdentity, logintest.Fields) {
			good := fields()
			name := good["name"].(string)
			return login.ProviderIdentity{
				EntityID: strings.ToLower(name), Identifier: name, Secret: token.NewSecret(good["word"].(string)),
			}, good
		},
		Unknown: fields,
		Bad: map[string]func(logintest.Fields) logintest.Fields{
			"another word": func(f logintest.Fields) logintest.Fields { return f.With("word", randomWord()) },
			"a longer one": func(f logintest.Fields) logintest.Fields { return f.With("word", f["word"].(string)+"x") },
		},
		Malformed: map[string]func(logintest.Fields) logintest.Fields{
			"too long": func(f logintest.Fields) logintest.Fields { return f.With("word", strings.Repeat("x", 200)) },
		},
		Secret: []string{"word"},
		Register: func() (register, good logintest.Fields) {
			good = fields()
			return good, good
		},
		Update: func(good logintest.Fields) (update, next logintest.Fields) {
			update = logintest.Fields{"word": randomWord()}
			return update, good.With("word", update["word"])
		},
	}
}

// letters are a provider that sends the browser elsewhere, where a letter is read: a name has a code, which is sent.
type letters struct {
	broken
	sent *post
}

// A post keeps the codes that were sent, by name.
type post struct{ codes sync.Map }

func (l letters) Authenticate(ctx context.Context, req *login.Request) (login.Outcome, error) {
	good := func() (login.Outcome, error) {
		name, err := text(req, "name")
		if err != nil {
			return login.Outcome{}, err
		}
		_, err = req.Find(ctx, name)
		if err != nil && !errors.Is(err, login.ErrNotFound) {
			return login.Outcome{}, err
		}
		code := rand.Text()
		if err == nil {
			l.sent.codes.Store(name, code)
		}
		kept, err := auth.NewMetadata(map[string]any{"name": name, "code": code})
		if err != nil {
			return login.Outcome{}, err
		}
		state, err := req.KeepState(ctx, kept)
		if err != nil {
			return login.Outcome{}, err
		}
		return login.Outcome{Location: "https://letters.example/read?" + url.Values{"state": {state}, "name": {name}}.Encode()}, nil
	}
	if l.authenticate != nil {
		return l.authenticate(ctx, req, good)
	}
	return good()
}

func (l letters) Callback(ctx context.Context, req *login.Request) (login.Outcome, error) {
	good := func() (login.Outcome, error) { return callBack(ctx, req) }
	if l.callback != nil {
		return l.callback(ctx, req, good)
	}
	return good()
}

func callBack(ctx context.Context, req *login.Request) (login.Outcome, error) {
	state, err := text(req, "state")
	if err != nil {
		return login.Outcome{}, err
	}
	code, err := text(req, "code")
	if err != nil {
		return login.Outcome{}, err
	}
	kept, err := req.TakeState(ctx, state)
	if err != nil {
		return login.Outcome{}, err
	}
	if !token.Sum(code).Equal(token.Sum(kept.Get("code").(string))) {
		return login.Outcome{}, errRejected
	}
	return login.Outcome{EntityID: kept.Get("name").(string), Method: "otp"}, nil
}

func (l letters) requests() logintest.Requests {
	return logintest.Requests{
		Account: func() (login.ProviderIdentity, logintest.Fields) {
			name := rand.Text()
			return login.ProviderIdentity{EntityID: name}, logintest.Fields{"name": name}
		},
		Unknown: func() logintest.Fields { return logintest.Fields{"name": rand.Text()} },
		Elsewhere: func(location string) logintest.Fields {
			u, err := url.Parse(location)
			if err != nil {
				panic(err)
			}
			code, ok := l.sent.codes.Load(u.Query().Get("name"))
			if !ok {
				code = rand.Text()
			}
			return logintest.Fields{"state": u.Query().Get("state"), "code": code}
		},
		Bad: map[string]func(logintest.Fields) logintest.Fields{
			"another code":  func(f logintest.Fields) logintest.Fields { return f.With("code", rand.Text()) },
			"another state": func(f logintest.Fields) logintest.Fields { return f.With("state", rand.Text()) },
		},
		Secret: []string{"code"},
	}
}
