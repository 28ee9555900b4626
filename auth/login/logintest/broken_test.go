package logintest_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/login/logintest"
	"github.com/countersign-go/countersign/auth/token"
)

// The names of the cases.
const (
	logsIn          = "good credentials log in, every time"
	namesOne        = "an Outcome says whose they are"
	refusesBad      = "bad credentials are refused"
	hidesAccounts   = "an account that is not there is refused as bad credentials are"
	findsAlike      = "Find is called as often for an account that is not there"
	malformed       = "a request that cannot be understood is refused"
	survivesJunk    = "what a client sends is no failure of the server"
	errorsAlone     = "an error comes without an Outcome"
	passesOutagesOn = "a server that does not answer is no refusal"
	cancelled       = "a cancelled request is not told that its credentials are bad"
	keepsSecrets    = "what is secret is not said"
	isConcurrent    = "many may ask at once"
	comesBackOnce   = "a browser comes back once"
	registers       = "who registers can log in"
	registerRefuses = "Register refuses what it cannot understand"
	spellsOnce      = "EntityID has one spelling"
	updates         = "Update changes the credentials"
	updateRefuses   = "Update refuses what it cannot understand"
)

type good = func() (login.Outcome, error)

// otherwise returns an Authenticate that makes something else of what a good one returns.
func otherwise(change func(req *login.Request, out login.Outcome, err error) (login.Outcome, error)) broken {
	return broken{authenticate: func(_ context.Context, req *login.Request, good good) (login.Outcome, error) {
		out, err := good()
		return change(req, out, err)
	}}
}

// rejecting returns an Authenticate that makes something else of a refusal.
func rejecting(change func(req *login.Request) (login.Outcome, error)) broken {
	return otherwise(func(req *login.Request, out login.Outcome, err error) (login.Outcome, error) {
		if errors.Is(err, auth.ErrInvalidCredentials) {
			return change(req)
		}
		return out, err
	})
}

// field returns a field of req, "" if it is no text.
func field(req *login.Request, name string) string {
	text, _ := req.Text(name)
	return text
}

func isStranger(req *login.Request) bool { return strings.HasPrefix(field(req, "name"), "Nobody") }

// brokenWords are words with one mistake each, and the cases that must name it.
var brokenWords = []struct {
	name  string
	fails []string
	broken
}{
	{"names nobody", []string{logsIn, namesOne, registers, updates, updateRefuses, isConcurrent},
		otherwise(func(_ *login.Request, out login.Outcome, err error) (login.Outcome, error) {
			out.EntityID = ""
			return out, err
		})},
	{"accepts once", []string{logsIn, namesOne, registers}, once()},
	{"calls bad credentials a failure", []string{refusesBad},
		rejecting(func(*login.Request) (login.Outcome, error) { return login.Outcome{}, errors.New("wrong word") })},
	{"calls bad credentials malformed", []string{refusesBad},
		rejecting(func(*login.Request) (login.Outcome, error) { return login.Outcome{}, &auth.Error{Status: 400} })},
	{"says that there is no account", []string{hidesAccounts},
		rejecting(func(req *login.Request) (login.Outcome, error) {
			return login.Outcome{}, map[bool]error{true: login.Reject("No such account"), false: errRejected}[isStranger(req)]
		})},
	{"looks nobody up who is not there", []string{findsAlike},
		broken{authenticate: func(_ context.Context, req *login.Request, good good) (login.Outcome, error) {
			if isStranger(req) {
				return login.Outcome{}, errRejected
			}
			return good()
		}}},
	{"looks everybody up twice", []string{findsAlike},
		broken{authenticate: func(ctx context.Context, req *login.Request, good good) (login.Outcome, error) {
			if _, err := req.Find(ctx, "ann"); err != nil && !errors.Is(err, login.ErrNotFound) {
				return login.Outcome{}, err
			}
			return good()
		}}},
	{"fails at a word that is too long", []string{malformed},
		otherwise(func(req *login.Request, out login.Outcome, err error) (login.Outcome, error) {
			if len(field(req, "word")) == 200 {
				return login.Outcome{}, errors.New("too long")
			}
			return out, err
		})},
	{"fails at what is no text", []string{survivesJunk},
		otherwise(func(req *login.Request, out login.Outcome, err error) (login.Outcome, error) {
			if _, textErr := req.Text("word"); textErr != nil {
				return login.Outcome{}, errors.New("no text")
			}
			return out, err
		})},
	{"panics without a name", []string{survivesJunk},
		otherwise(func(req *login.Request, out login.Outcome, err error) (login.Outcome, error) {
			if field(req, "name") == "" {
				panic("no name")
			}
			return out, err
		})},
	{"reads to the first NUL", []string{survivesJunk},
		otherwise(func(req *login.Request, out login.Outcome, err error) (login.Outcome, error) {
			if name, rest, cut := strings.Cut(field(req, "name"), "\x00"); cut && rest == "" {
				return login.Outcome{EntityID: strings.ToLower(name)}, nil
			}
			return out, err
		})},
	{"returns an Outcome beside an error", []string{errorsAlone},
		rejecting(func(req *login.Request) (login.Outcome, error) {
			return login.Outcome{Identifier: field(req, "name")}, errRejected
		})},
	{"takes an outage for a no", []string{passesOutagesOn},
		otherwise(func(_ *login.Request, out login.Outcome, err error) (login.Outcome, error) {
			if auth.IsUnavailable(err) && !errors.Is(err, context.Canceled) {
				return login.Outcome{}, errRejected
			}
			return out, err
		})},
	{"takes a cancelled request for a bad one", []string{cancelled},
		broken{authenticate: func(ctx context.Context, _ *login.Request, good good) (login.Outcome, error) {
			if ctx.Err() != nil {
				return login.Outcome{}, errRejected
			}
			return good()
		}}},
	{"goes on when nobody waits", []string{cancelled},
		broken{authenticate: func(ctx context.Context, _ *login.Request, good good) (login.Outcome, error) {
			if ctx.Err() != nil {
				time.Sleep(time.Minute)
			}
			return good()
		}}},
	{"looks up with a context of its own", []string{cancelled},
		broken{authenticate: func(ctx context.Context, req *login.Request, _ good) (login.Outcome, error) {
			return authenticate(context.WithoutCancel(ctx), req)
		}}},
	{"repeats the word in its error", []string{keepsSecrets},
		rejecting(func(req *login.Request) (login.Outcome, error) {
			return login.Outcome{}, fmt.Errorf("%w: %s", auth.ErrInvalidCredentials, field(req, "word"))
		})},
	{"logs the word", []string{keepsSecrets},
		broken{authenticate: func(ctx context.Context, req *login.Request, good good) (login.Outcome, error) {
			slog.DebugContext(ctx, "log-in", slog.String("word", field(req, "word")))
			return good()
		}}},
	{"hands the word to everybody", []string{keepsSecrets},
		otherwise(func(req *login.Request, out login.Outcome, err error) (login.Outcome, error) {
			if err == nil {
				out.UserMetadata, err = auth.NewMetadata(map[string]any{"word": field(req, "word")})
			}
			return out, err
		})},
	{"answers one at a time", []string{isConcurrent}, oneAtATime()},
	{"keeps another word than was registered", []string{registers},
		broken{register: func(_ *login.Request, good good) (login.Outcome, error) {
			out, err := good()
			if err == nil {
				out.Secret = token.NewSecret("x" + out.Secret.Reveal())
			}
			return out, err
		}}},
	{"registers without a word", []string{registerRefuses},
		broken{register: func(req *login.Request, good good) (login.Outcome, error) {
			if field(req, "word") == "" {
				return login.Outcome{EntityID: rand.Text()}, nil
			}
			return good()
		}}},
	{"knows nobody by an ID that is empty", []string{spellsOnce},
		broken{entityID: func(identifier string) (string, error) {
			if identifier == "" {
				return "", nil
			}
			return entityID(identifier)
		}}},
	{"spells one ID in two ways", []string{spellsOnce},
		broken{entityID: func(identifier string) (string, error) {
			id, err := entityID(identifier)
			return id + strings.Repeat("!", strings.Count(id, "@")), err
		}}},
	{"updates nothing", []string{updates},
		broken{update: func(req *login.Request, current login.ProviderIdentity) (login.ProviderIdentity, error) {
			_, err := text(req, "word")
			return current, err
		}}},
	{"updates to nothing", []string{updateRefuses},
		broken{update: func(req *login.Request, current login.ProviderIdentity) (login.ProviderIdentity, error) {
			current.Secret = token.NewSecret("word-" + field(req, "word"))
			if word := field(req, "word"); len(word) >= minWord {
				current.Secret = token.NewSecret(word)
			}
			return current, nil
		}}},
}

// once returns a provider that accepts each word once.
func once() broken {
	var used sync.Map
	return otherwise(func(req *login.Request, out login.Outcome, err error) (login.Outcome, error) {
		if _, again := used.LoadOrStore(field(req, "word"), true); again && err == nil {
			return login.Outcome{}, errRejected
		}
		return out, err
	})
}

// oneAtATime returns a provider that fails while it is busy.
func oneAtATime() broken {
	var busy atomic.Bool
	return broken{authenticate: func(_ context.Context, _ *login.Request, good good) (login.Outcome, error) {
		if busy.Swap(true) {
			return login.Outcome{}, errors.New("busy")
		}
		defer busy.Store(false)
		time.Sleep(time.Millisecond)
		return good()
	}}
}

func TestTestProviderNamesWhatIsBroken(t *testing.T) {
	for _, tt := range brokenWords {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := wordRequests()
				unknown := q.Unknown
				q.Unknown = func() logintest.Fields { return unknown().With("name", "Nobody-"+rand.Text()) }
				checkFailed(t, words{tt.broken}, q, tt.fails)
				time.Sleep(time.Hour) // until all who go on have returned
			})
		})
	}
}

// brokenLetters are letters with one mistake each.
var brokenLetters = []struct {
	name  string
	fails []string
	broken
}{
	{"accepts a state again", []string{comesBackOnce}, remembering()},
	{"takes an outage for a state that is no good", []string{passesOutagesOn},
		broken{callback: func(_ context.Context, _ *login.Request, good good) (login.Outcome, error) {
			out, err := good()
			if auth.IsUnavailable(err) && !errors.Is(err, context.Canceled) {
				err = errRejected
			}
			return out, err
		}}},
	{"sends strangers to another page", []string{hidesAccounts},
		otherwise(func(req *login.Request, out login.Outcome, err error) (login.Outcome, error) {
			if isStranger(req) {
				out.Location = strings.Replace(out.Location, "/read", "/write", 1)
			}
			return out, err
		})},
	{"fails at a code that is no text", []string{survivesJunk},
		broken{callback: func(_ context.Context, req *login.Request, good good) (login.Outcome, error) {
			if _, err := req.Text("code"); err != nil {
				return login.Outcome{}, errors.New("no text")
			}
			return good()
		}}},
}

// remembering returns a provider that knows what a state is for after it was taken.
func remembering() broken {
	var taken sync.Map
	return broken{callback: func(_ context.Context, req *login.Request, good good) (login.Outcome, error) {
		state := field(req, "state")
		if out, ok := taken.Load(state); ok {
			return out.(login.Outcome), nil
		}
		out, err := good()
		if err == nil {
			taken.Store(state, out)
		}
		return out, err
	}}
}

func TestTestProviderNamesWhatIsBrokenElsewhere(t *testing.T) {
	for _, tt := range brokenLetters {
		t.Run(tt.name, func(t *testing.T) {
			l := letters{broken: tt.broken, sent: &post{}}
			q := l.requests()
			q.Unknown = func() logintest.Fields { return logintest.Fields{"name": "Nobody-" + rand.Text()} }
			checkFailed(t, l, q, tt.fails)
		})
	}
}

// Whoever is accepted without having an account is somebody, and always the same.
func TestTestProviderNamesWhoMakesNobody(t *testing.T) {
	q := wordRequests()
	account := q.Account
	q.Account = func() (login.ProviderIdentity, logintest.Fields) {
		_, good := account()
		return login.ProviderIdentity{}, good
	}
	q.Unknown = nil
	q.Bad = map[string]func(logintest.Fields) logintest.Fields{
		"no word": func(f logintest.Fields) logintest.Fields { return f.With("word", "no-word") },
	}
	q.Malformed = nil
	for name, tt := range map[string]struct {
		entityID func(name string) string
		fails    []string
	}{
		"one by one":     {strings.ToLower, nil},
		"all as one":     {func(string) string { return "all" }, []string{namesOne}},
		"one as several": {func(string) string { return rand.Text() }, []string{namesOne}},
	} {
		t.Run(name, func(t *testing.T) {
			p := login.ProviderFunc(func(_ context.Context, req *login.Request) (login.Outcome, error) {
				name, word, err := credentials(req)
				if err != nil {
					return login.Outcome{}, err
				}
				if !strings.HasPrefix(word, "word-") {
					return login.Outcome{}, errRejected
				}
				return login.Outcome{EntityID: tt.entityID(name), Create: true}, nil
			})
			checkFailed(t, p, q, tt.fails)
		})
	}
}

// A provider that sends the browser elsewhere cannot be tried without somebody who goes there.
func TestTestProviderNeedsElsewhere(t *testing.T) {
	p := login.ProviderFunc(func(context.Context, *login.Request) (login.Outcome, error) {
		return login.Outcome{Location: (&url.URL{Scheme: "https", Host: "elsewhere.example"}).String()}, nil
	})
	failed, why := logintest.FailedCases(p, wordRequests())
	if !slices.Contains(failed, logsIn) || !strings.Contains(why, "Requests.Elsewhere") {
		t.Errorf("failed %q:\n%s", failed, why)
	}
}

func checkFailed(t *testing.T, p login.Provider, q logintest.Requests, want []string) {
	t.Helper()
	failed, why := logintest.FailedCases(p, q)
	slices.Sort(failed)
	if want = slices.Sorted(slices.Values(want)); !slices.Equal(failed, want) {
		t.Errorf("failed %q\nwant   %q\n%s", failed, want, why)
	}
}
