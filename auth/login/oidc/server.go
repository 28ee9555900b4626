package oidc

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/oauth2"
)

// A server is where a provider's endpoints are, and what it says of itself. It is never changed.
type server struct {
	issuer                                  string
	authURL, tokenURL, keysURL, userInfoURL string
	style                                   oauth2.AuthStyle
	sendsIssuer                             bool // with each answer of the authorization endpoint (RFC 9207)
}

// metadataURL returns where the metadata of an issuer are (OpenID Connect Discovery 1.0, section 4).
func metadataURL(issuer string) string {
	return strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"
}

// readMetadata returns what the metadata of c.Issuer say. They must be the issuer's, exactly, or anybody who can have a
// document served below its host could vouch for it (section 4.3); and what they name is on its host, or one of c.Hosts.
func readMetadata(c Config, data []byte) (*server, error) {
	m, err := readObject(data)
	if err != nil {
		return nil, err
	}
	issuer, err := m.text("issuer")
	if err != nil {
		return nil, err
	}
	if issuer != c.Issuer {
		return nil, errors.New("of another issuer" + slash(issuer, c.Issuer))
	}
	s := &server{issuer: issuer, sendsIssuer: isTrue(m["authorization_response_iss_parameter_supported"])}
	for _, endpoint := range []struct {
		name   string
		into   *string
		wanted bool
	}{
		{"authorization_endpoint", &s.authURL, true}, {"token_endpoint", &s.tokenURL, true}, {"jwks_uri", &s.keysURL, true},
		{"userinfo_endpoint", &s.userInfoURL, c.UserInfo},
	} {
		if !endpoint.wanted {
			continue
		}
		if *endpoint.into, err = m.endpoint(endpoint.name, c); err != nil {
			return nil, fmt.Errorf("%s: %w", endpoint.name, err)
		}
	}
	s.style, err = c.style(m["token_endpoint_auth_methods_supported"])
	return s, err
}

// slash tells the commonest mistake from the others. Nothing of what a server says is quoted.
func slash(got, want string) string {
	if strings.TrimSuffix(got, "/") == strings.TrimSuffix(want, "/") {
		return ", which differs by a slash at the end"
	}
	return ""
}

func (m members) endpoint(name string, c Config) (string, error) {
	text, err := m.text(name)
	if err != nil {
		return "", err
	}
	u, err := secureURL(text)
	if err != nil {
		return "", err
	}
	if len(text) > maxURL {
		return "", fmt.Errorf("URL of more than %d bytes", maxURL)
	}
	sameHost := func(host string) bool { return strings.EqualFold(host, u.Host) }
	if issuer, err := url.Parse(c.Issuer); err != nil || !sameHost(issuer.Host) && !slices.ContainsFunc(c.Hosts, sameHost) {
		return "", errors.New("on a host that is neither the issuer's nor one of Hosts")
	}
	return text, nil
}

// style returns how the client proves to the token endpoint who it is, among the methods that the metadata name. Where they
// name none it is client_secret_basic (OpenID Connect Discovery 1.0, section 3).
func (c Config) style(supported json.RawMessage) (oauth2.AuthStyle, error) {
	var methods []AuthMethod
	if supported != nil && json.Unmarshal(supported, &methods) != nil {
		return 0, errors.New("token_endpoint_auth_methods_supported: no list of texts")
	}
	switch {
	case c.AuthMethod == ClientSecretBasic:
		return oauth2.AuthStyleInHeader, nil
	case c.AuthMethod == ClientSecretPost, c.ClientSecret.Reveal() == "": // without a secret, the client_id goes alone
		return oauth2.AuthStyleInParams, nil
	case supported == nil || slices.Contains(methods, ClientSecretBasic):
		return oauth2.AuthStyleInHeader, nil
	case slices.Contains(methods, ClientSecretPost):
		return oauth2.AuthStyleInParams, nil
	}
	return 0, errors.New("token_endpoint_auth_methods_supported: none that is known here")
}
