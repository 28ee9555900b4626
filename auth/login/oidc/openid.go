package oidc

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
)

// method is how presence is proven elsewhere, see auth.Factor.
const method = "oidc"

// openID is the dialect of OpenID Connect.
type openID struct {
	config Config
	client *client
	found  *discovery

	verifiedOnly bool // nobody logs in without a verified e-mail address
}

func newOpenID(c Config, client *client) *openID {
	return &openID{config: c, client: client, found: newDiscovery(c, client)}
}

func (o *openID) close() { o.found.close() }

func (o *openID) server(ctx context.Context) (*server, error) {
	v, err := o.found.get(ctx)
	if err != nil {
		return nil, err
	}
	return v.server, nil
}

func (o *openID) params(f flow) []oauth2.AuthCodeOption {
	params := []oauth2.AuthCodeOption{oauth2.SetAuthURLParam("nonce", f.Nonce)}
	if o.config.MaxAge > 0 {
		params = append(params, oauth2.SetAuthURLParam("max_age", strconv.Itoa(int(o.config.MaxAge/time.Second))))
	}
	if len(o.config.ACRValues) > 0 {
		params = append(params, oauth2.SetAuthURLParam("acr_values", strings.Join(o.config.ACRValues, " ")))
	}
	return params
}

func (o *openID) identify(ctx context.Context, s *server, t *oauth2.Token, f flow) (login.Outcome, error) {
	text, _ := t.Extra("id_token").(string)
	if text == "" {
		return login.Outcome{}, unavailable("token endpoint", errors.New("answered without an ID token"))
	}
	v, err := o.found.get(ctx)
	if err != nil {
		return login.Outcome{}, err
	}
	claims, err := o.verify(ctx, v, text, t.AccessToken, f.Nonce)
	if auth.IsUnavailable(err) {
		return login.Outcome{}, unavailable("ID token", err)
	}
	if err != nil {
		return login.Outcome{}, reject(err)
	}
	at, err := o.config.authTime(claimsOf(claims))
	if err != nil {
		return login.Outcome{}, reject(err)
	}
	p := readProfile(claims.Subject, claimsOf(claims))
	if o.config.UserInfo {
		more, err := o.userInfo(ctx, s, t.AccessToken, claims.Subject)
		if err != nil {
			return login.Outcome{}, err
		}
		p = p.with(more)
	}
	if o.verifiedOnly && p.verifiedEmail() == "" {
		return login.Outcome{}, rejectSaying(notVerified, errors.New("no verified e-mail address"))
	}
	out, err := p.outcome()
	if err != nil {
		return login.Outcome{}, err
	}
	if !at.IsZero() {
		out.Method, out.At = method, at
	}
	return out, nil
}

// userInfo returns what the userinfo endpoint says of subject (OpenID Connect Core 1.0, section 5.3). What it says of anybody
// else is no answer: that an access token is of the same log-in as the ID token beside it is only known by this (5.3.2).
func (o *openID) userInfo(ctx context.Context, s *server, accessToken, subject string) (profile, error) {
	data, err := o.client.get(ctx, s.userInfoURL, accessToken, maxAnswer)
	if err != nil {
		return profile{}, unavailable("userinfo", err)
	}
	claims, err := readObject(data)
	if err != nil {
		return profile{}, unavailable("userinfo", err)
	}
	if cleanText(claims["sub"], maxSubject) != subject {
		return profile{}, reject(errors.New("userinfo: not of the subject of the ID token"))
	}
	return readProfile(subject, claims.get), nil
}
