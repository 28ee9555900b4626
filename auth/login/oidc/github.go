package oidc

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	"golang.org/x/oauth2"

	"github.com/countersign-go/countersign/auth/login"
)

// What GitHub documents, as it has no metadata for this. The issuer is what it says in iss.
const (
	githubIssuer = "https://github.com/login/oauth"
	githubAuth   = "https://github.com/login/oauth/authorize"
	githubToken  = "https://github.com/login/oauth/access_token" //nolint:gosec // a URL
	githubUser   = "https://api.github.com/user"
	githubEmails = "https://api.github.com/user/emails"
)

// gitHub is the dialect of GitHub: OAuth 2 without ID tokens.
type gitHub struct {
	client *client
	at     *server
	emails bool // may be asked for
}

// GitHub returns the provider for GitHub accounts that c describes, or all that is wrong with c. What is of OpenID Connect
// alone stays empty: Issuer, UserInfo, Hosts, Algorithms, MaxAge, ACRValues.
//
// Accounts are known by their numbers, since names are given to others. Scopes are "user:email" unless c has others: the
// primary e-mail address is asked for with it, and taken if it is verified.
func GitHub(c Config) (*Provider, error) {
	var w mistakes
	w.add(c.Issuer != "" || c.UserInfo || len(c.Hosts)+len(c.Algorithms)+len(c.ACRValues) > 0 || c.MaxAge != 0,
		"GitHub: Issuer, UserInfo, Hosts, Algorithms, MaxAge or ACRValues, which are of OpenID Connect")
	w.add(c.ClientSecret.Reveal() == "", "GitHub: no ClientSecret, without which it gives no token")
	c.Issuer, c.MaxAge, c.AuthMethod = githubIssuer, 0, cmp.Or(c.AuthMethod, ClientSecretPost)
	if len(c.Scopes) == 0 {
		c.Scopes = []string{"user:email"}
	}
	c, err := c.withDefaults()
	if err := errors.Join(w.joined(), err); err != nil {
		return nil, err
	}
	at := &server{issuer: githubIssuer, authURL: githubAuth, tokenURL: githubToken, userInfoURL: githubUser}
	at.style, _ = c.style(nil) // which cannot fail without metadata
	client := newClient(c.Transport)
	return &Provider{config: c, client: client, dialect: &gitHub{
		client: client, at: at, emails: slices.Contains(c.Scopes, "user:email") || slices.Contains(c.Scopes, "user"),
	}}, nil
}

func (g *gitHub) server(context.Context) (*server, error) { return g.at, nil }

func (g *gitHub) params(flow) []oauth2.AuthCodeOption { return nil }

func (g *gitHub) close() {}

func (g *gitHub) identify(ctx context.Context, s *server, t *oauth2.Token, _ flow) (login.Outcome, error) {
	data, err := g.client.get(ctx, s.userInfoURL, t.AccessToken, maxAnswer)
	if err != nil {
		return login.Outcome{}, unavailable("GitHub: user", err)
	}
	user, err := readObject(data)
	if err != nil {
		return login.Outcome{}, unavailable("GitHub: user", err)
	}
	p, err := readGitHubUser(user)
	if err != nil {
		return login.Outcome{}, reject(err)
	}
	if g.emails {
		if p.Email, err = g.primaryEmail(ctx, t.AccessToken); err != nil {
			return login.Outcome{}, err
		}
		p.verified = p.Email != ""
	}
	return p.outcome()
}

// readGitHubUser returns whose account it is. An ID of 0, or none, would be the same one for everybody.
func readGitHubUser(user members) (profile, error) {
	id, err := strconv.ParseUint(string(user["id"]), 10, 63)
	if err != nil || id == 0 {
		return profile{}, errors.New("GitHub: user without an ID")
	}
	return profile{
		subject: strconv.FormatUint(id, 10), Name: cleanText(user["name"], maxText), Username: cleanText(user["login"], maxText),
		Picture: pictureIn(user["avatar_url"]),
	}, nil
}

func (g *gitHub) primaryEmail(ctx context.Context, accessToken string) (string, error) {
	data, err := g.client.get(ctx, githubEmails, accessToken, maxAnswer)
	if err != nil {
		return "", unavailable("GitHub: e-mail addresses", err)
	}
	email, err := readGitHubEmails(data)
	if err != nil {
		return "", unavailable("GitHub: e-mail addresses", err)
	}
	return email, nil
}

// readGitHubEmails returns the address that is primary and verified, "" if there is none.
func readGitHubEmails(data []byte) (string, error) {
	var list []json.RawMessage
	if json.Unmarshal(data, &list) != nil {
		return "", errors.New("no list")
	}
	for _, text := range list {
		address, err := readObject(text)
		if err != nil {
			return "", err
		}
		if isTrue(address["primary"]) && isTrue(address["verified"]) {
			return emailIn(address["email"]), nil
		}
	}
	return "", nil
}
