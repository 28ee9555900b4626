package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"golang.org/x/oauth2"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/wire"
)

var (
	_ login.Provider   = (*Provider)(nil)
	_ login.Callbacker = (*Provider)(nil)
)

// A Provider has people log in at a provider of identities. It is a [login.Provider] and a [login.Callbacker], and makes an
// identity at the first log-in; nobody registers with it. Make one with [New], [Google] or [GitHub], and close it when it is
// not needed any more; many goroutines may use it at once.
//
// It keeps nothing of a log-in: that is in the store of the [login.Service].
type Provider struct {
	config  Config
	client  *client
	dialect dialect
}

// A dialect is how a kind of provider is spoken to where it is not plain OAuth 2.
type dialect interface {
	// server returns where the endpoints are.
	server(ctx context.Context) (*server, error)
	// params returns what is asked of the authorization endpoint beside what is always asked.
	params(f flow) []oauth2.AuthCodeOption
	// identify returns whom the provider vouches for with what its token endpoint answered. An error that is neither an
	// [*auth.Error] nor [auth.ErrUnavailable] is why it vouches for nobody.
	identify(ctx context.Context, s *server, t *oauth2.Token, f flow) (login.Outcome, error)
	// close ends what goes on in the background, and returns when nothing of it is left.
	close()
}

// New returns the provider that c describes, or all that is wrong with c. It asks nobody: the issuer's metadata are fetched
// when the first log-in needs them.
func New(c Config) (*Provider, error) {
	c, err := c.withDefaults()
	var w mistakes
	w.add(!slices.Contains(c.Scopes, "openid"), `Scopes without "openid", which brings the ID token`)
	if err := errors.Join(err, w.joined()); err != nil {
		return nil, err
	}
	client := newClient(c.Transport)
	return &Provider{config: c, client: client, dialect: newOpenID(c, client)}, nil
}

// Close ends all fetching of metadata and keys, and returns when nothing of it is left. It may be called again, and returns
// nil. What is known stays good for some time.
func (p *Provider) Close() error {
	p.dialect.close()
	p.client.close()
	return nil
}

// A request is a [login.Request], as far as it is used here.
type request interface {
	Text(name string) (string, error)
	KeepState(ctx context.Context, data auth.Metadata) (string, error)
	TakeState(ctx context.Context, state string) (auth.Metadata, error)
}

// Authenticate returns where the browser has to go. It reads one field, callback_url: one of Config.CallbackURLs, exactly;
// default: the first.
func (p *Provider) Authenticate(ctx context.Context, req *login.Request) (login.Outcome, error) {
	return p.authenticate(ctx, req)
}

func (p *Provider) authenticate(ctx context.Context, req request) (login.Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, p.config.Timeout)
	defer cancel()
	callbackURL, err := p.callbackURL(req)
	if err != nil {
		return login.Outcome{}, err
	}
	s, err := p.dialect.server(ctx)
	if err != nil {
		return login.Outcome{}, err
	}
	f := newFlow(s.issuer, p.config.ClientID, callbackURL)
	data, err := f.data()
	if err != nil {
		return login.Outcome{}, fmt.Errorf("oidc: %w", err)
	}
	state, err := req.KeepState(ctx, data)
	if err != nil {
		return login.Outcome{}, err
	}
	params := append(p.dialect.params(f), oauth2.S256ChallengeOption(f.Verifier))
	return login.Outcome{Location: p.oauth2(s, f).AuthCodeURL(state, params...)}, nil
}

// callbackURL compares as text: what a browser and a server make of the same URL may differ (RFC 9700, section 2.1).
func (p *Provider) callbackURL(req request) (string, error) {
	wanted, err := req.Text("callback_url")
	switch {
	case err != nil:
		return "", err
	case wanted == "":
		return p.config.CallbackURLs[0], nil
	case !slices.Contains(p.config.CallbackURLs, wanted):
		return "", wire.Invalid("Invalid request: Field 'callback_url' is not one of those that are allowed")
	}
	return wanted, nil
}

func (p *Provider) oauth2(s *server, f flow) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.config.ClientID, ClientSecret: p.config.ClientSecret.Reveal(), Scopes: p.config.Scopes,
		RedirectURL: f.CallbackURL, Endpoint: oauth2.Endpoint{AuthURL: s.authURL, TokenURL: s.tokenURL, AuthStyle: s.style},
	}
}

// Callback returns whom the provider vouches for. It reads the fields of the provider's answer: state, code, error and iss
// (RFC 6749, section 4.1.2; RFC 9207). The state is used up by the first try, whatever becomes of that.
func (p *Provider) Callback(ctx context.Context, req *login.Request) (login.Outcome, error) {
	return p.callback(ctx, req)
}

func (p *Provider) callback(ctx context.Context, req request) (login.Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, p.config.Timeout)
	defer cancel()
	a, err := readAnswer(req)
	if err != nil {
		return login.Outcome{}, err
	}
	kept, err := req.TakeState(ctx, a.state)
	if err != nil {
		return login.Outcome{}, err
	}
	s, err := p.dialect.server(ctx)
	if err != nil {
		return login.Outcome{}, err
	}
	f, err := readFlow(kept, s.issuer, p.config.ClientID)
	if err != nil {
		return login.Outcome{}, reject(err)
	}
	if err := a.check(s); err != nil {
		return login.Outcome{}, reject(err)
	}
	t, err := p.exchange(ctx, s, f, a.code)
	if err != nil {
		return login.Outcome{}, err
	}
	return p.dialect.identify(ctx, s, t, f)
}

// What clients are told: never why, but for what they can do something about.
const (
	notConfirmed = "The provider did not confirm the log-in"
	notVerified  = "The provider has not verified the e-mail address"
)

// reject is [login.Reject] with a reason for the log, which holds nothing that a stranger wrote.
func reject(reason error) error { return rejectSaying(notConfirmed, reason) }

func rejectSaying(message string, reason error) error {
	return &auth.Error{
		Status: http.StatusUnauthorized, Message: message, Err: fmt.Errorf("oidc: %w: %w", auth.ErrInvalidCredentials, reason),
	}
}
