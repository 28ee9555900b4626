package oidc

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
)

// Bounds of what is kept of a claim, in bytes. What is longer is left out, but a sub: that is refused.
const (
	maxSubject = 255 // OpenID Connect Core 1.0, section 2
	maxText    = 256
	maxEmail   = 254
)

// A profile is what a provider says of somebody. All but the subject may be missing.
type profile struct {
	subject  string
	verified bool // the e-mail address is theirs

	Email      string `json:"email,omitempty"`
	Name       string `json:"name,omitempty"`
	GivenName  string `json:"given_name,omitempty"`
	FamilyName string `json:"family_name,omitempty"`
	Username   string `json:"preferred_username,omitempty"`
	Picture    string `json:"picture,omitempty"`
}

// readProfile reads the standard claims (OpenID Connect Core 1.0, section 5.1). What is of another type, too long or no
// address is left out. email_verified is the boolean true, or it is not: the text "true", which some write, is not worth an
// account that may be somebody else's.
func readProfile(subject string, get func(name string) json.RawMessage) profile {
	email := emailIn(get("email"))
	return profile{
		subject: subject, verified: email != "" && isTrue(get("email_verified")),
		Email: email, Name: cleanText(get("name"), maxText), GivenName: cleanText(get("given_name"), maxText),
		FamilyName: cleanText(get("family_name"), maxText), Username: cleanText(get("preferred_username"), maxText),
		Picture: pictureIn(get("picture")),
	}
}

// emailIn returns what could be an e-mail address, as it is written: with one "@", and with nothing in it that cannot be seen,
// or that turns around what can be.
func emailIn(value json.RawMessage) string {
	email := cleanText(value, maxEmail)
	local, domain, _ := strings.Cut(email, "@")
	isHidden := func(c rune) bool { return unicode.In(c, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point) }
	if local == "" || domain == "" || strings.Contains(domain, "@") || strings.ContainsAny(email, " <>,;") ||
		strings.ContainsFunc(email, isHidden) {
		return ""
	}
	return email
}

// pictureIn returns a URL that a page may put into an img: no script, no data.
func pictureIn(value json.RawMessage) string {
	picture := cleanText(value, maxURL)
	if u, err := url.Parse(picture); err != nil || u.Scheme != "https" || u.Host == "" {
		return ""
	}
	return picture
}

// with returns p with what only more says. An address and whether it is verified stay together.
func (p profile) with(more profile) profile {
	if p.Email == "" {
		p.Email, p.verified = more.Email, more.verified
	}
	for _, field := range []struct {
		into *string
		more string
	}{
		{&p.Name, more.Name}, {&p.GivenName, more.GivenName}, {&p.FamilyName, more.FamilyName}, {&p.Username, more.Username},
		{&p.Picture, more.Picture},
	} {
		if *field.into == "" {
			*field.into = field.more
		}
	}
	return p
}

func (p profile) verifiedEmail() string {
	if !p.verified {
		return ""
	}
	return p.Email
}

func (p profile) outcome() (login.Outcome, error) {
	o := login.Outcome{EntityID: p.subject, VerifiedEmail: p.verifiedEmail(), Create: true}
	for _, name := range []string{p.Name, p.Username, p.Email} { // the last that there is
		if name != "" {
			o.Identifier = name
		}
	}
	bare := p
	bare.subject, bare.verified = "", false
	if bare == (profile{}) {
		return o, nil // and what is kept stays
	}
	var err error
	if o.UserMetadata, err = auth.NewMetadata(p); err != nil {
		return login.Outcome{}, fmt.Errorf("oidc: %w", err)
	}
	return o, nil
}
