package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/oauth2"
)

// Error codes of token endpoints (RFC 6749, section 5.2, and those of GitHub), by whose fault it is.
var (
	badCode   = []string{"invalid_grant", "invalid_request", "bad_verification_code"}
	badClient = []string{
		"invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope",
		"incorrect_client_credentials", "redirect_uri_mismatch",
	}
)

// exchange returns what the token endpoint gives for a code: with the verifier whose digest the authorization endpoint was
// sent, and the same redirect_uri.
func (p *Provider) exchange(ctx context.Context, s *server, f flow, code string) (*oauth2.Token, error) {
	ctx = context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Transport: p.client})
	t, err := p.oauth2(s, f).Exchange(ctx, code, oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return nil, refusal(err)
	}
	if !strings.EqualFold(t.TokenType, "bearer") || !isClean(t.AccessToken) {
		return nil, unavailable("token endpoint", errors.New("answered with a token that is no bearer token"))
	}
	return t, nil
}

// refusal tells apart what package oauth2 returns as one. Its own error is dropped, for it quotes the answer.
func refusal(err error) error {
	if no := (*oauth2.RetrieveError)(nil); errors.As(err, &no) {
		if slices.Contains(badCode, no.ErrorCode) {
			return reject(fmt.Errorf("token endpoint: %s", no.ErrorCode))
		}
		if slices.Contains(badClient, no.ErrorCode) {
			return fmt.Errorf("oidc: token endpoint: %s: the configuration does not fit the provider's", no.ErrorCode)
		}
		return unavailable("token endpoint", fmt.Errorf("answered with status %d", no.Response.StatusCode))
	}
	if f := (*failure)(nil); errors.As(err, &f) {
		return unavailable("token endpoint", f)
	}
	return unavailable("token endpoint", errors.New("answered with something else than a token"))
}
