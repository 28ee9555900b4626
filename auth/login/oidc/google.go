package oidc

import (
	"errors"
	"slices"
)

const google = "https://accounts.google.com"

// Google returns the provider for Google accounts that c describes, whose Issuer stays empty, or all that is wrong with c.
// Scopes are "email profile openid" unless c has others. Nobody logs in without an e-mail address that is verified.
//
// Google is the authority for addresses that end in @gmail.com, and for those of the domains that it hosts. Of another address
// it knows that it was its owner's once: that is for a program to weigh that sets login.Config.LinkByEmail.
func Google(c Config) (*Provider, error) {
	var w mistakes
	w.add(c.Issuer != "", "Google: an Issuer, which is Google's")
	w.add(len(c.Scopes) > 0 && !slices.Contains(c.Scopes, "email"), "Google: Scopes without email, which has to be verified")
	c.Issuer = google
	if len(c.Scopes) == 0 {
		c.Scopes = []string{"email", "profile", "openid"}
	}
	c.Hosts = append(slices.Clone(c.Hosts), "oauth2.googleapis.com", "www.googleapis.com", "openidconnect.googleapis.com")
	p, err := New(c)
	if err := errors.Join(w.joined(), err); err != nil {
		return nil, err
	}
	p.dialect.(*openID).verifiedOnly = true
	return p, nil
}
