package oidc

import (
	"context"

	"github.com/countersign-go/countersign/auth/login"
)

// A Request is what tests make in the place of a [login.Request].
type Request = request

// Begin is Authenticate of a request that no Service made.
func (p *Provider) Begin(ctx context.Context, req Request) (login.Outcome, error) {
	return p.authenticate(ctx, req)
}

// End is Callback of a request that no Service made.
func (p *Provider) End(ctx context.Context, req Request) (login.Outcome, error) {
	return p.callback(ctx, req)
}

// Parsers are what reads the answers of providers, and returns what it made of them.
var Parsers = map[string]func(c Config, data []byte) (made []string, err error){
	"metadata": func(c Config, data []byte) ([]string, error) {
		s, err := readMetadata(c, data)
		if err != nil {
			return nil, err
		}
		return []string{s.authURL, s.tokenURL, s.keysURL, s.userInfoURL}, nil
	},
	"claims": func(_ Config, data []byte) ([]string, error) {
		m, err := readObject(data)
		if err != nil {
			return nil, err
		}
		return readProfile(cleanText(m["sub"], maxSubject), m.get).texts(), nil
	},
	"GitHub user": func(_ Config, data []byte) ([]string, error) {
		m, err := readObject(data)
		if err != nil {
			return nil, err
		}
		p, err := readGitHubUser(m)
		return p.texts(), err
	},
	"GitHub e-mail addresses": func(_ Config, data []byte) ([]string, error) {
		email, err := readGitHubEmails(data)
		return []string{email}, err
	},
}

func (p profile) texts() []string {
	return []string{p.subject, p.Email, p.Name, p.GivenName, p.FamilyName, p.Username, p.Picture}
}
