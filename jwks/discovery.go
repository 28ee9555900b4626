package jwks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// metadataURLs returns where an issuer's metadata may be: OpenID Connect Discovery 1.0, section 4.1, puts the well-known
// part behind the issuer's path, RFC 8414, section 3.1, before it.
func metadataURLs(issuer string) (places [2]string, err error) {
	u, err := secureURL(issuer)
	if err != nil {
		return places, err
	}
	if u.RawQuery != "" || u.ForceQuery {
		return places, errors.New("URL with a query")
	}
	path := strings.TrimSuffix(u.EscapedPath(), "/")
	origin := u.Scheme + "://" + u.Host
	return [2]string{
		origin + path + "/.well-known/openid-configuration",
		origin + "/.well-known/oauth-authorization-server" + path,
	}, nil
}

// discover returns where the issuer's metadata says that its keys are.
func (f *fetcher) discover(ctx context.Context) (string, error) {
	places, err := metadataURLs(f.config.Issuer)
	if err != nil {
		return "", err
	}
	openID, oidcErr := f.get(ctx, places[0], "")
	if oidcErr == nil {
		return f.keysIn(openID.body)
	}
	oauth, oauthErr := f.get(ctx, places[1], "")
	if oauthErr == nil {
		return f.keysIn(oauth.body)
	}
	return "", fmt.Errorf("metadata: OpenID Connect: %w; RFC 8414: %w", oidcErr, oauthErr)
}

// keysIn reads jwks_uri. The metadata must be the issuer's, or anybody who can have a document served below its host could
// vouch for it (OpenID Connect Discovery 1.0, section 4.3; RFC 8414, section 3.3).
func (f *fetcher) keysIn(metadata []byte) (string, error) {
	members := map[string]string{}
	err := eachMember(metadata, func(name string, value json.RawMessage) (err error) {
		if name == "issuer" || name == "jwks_uri" {
			members[name], err = text(name, value)
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("metadata: %w", err)
	}
	if members["issuer"] != f.config.Issuer {
		return "", errors.New("metadata of another issuer" + f.slash(members["issuer"]))
	}
	u, err := secureURL(members["jwks_uri"])
	if err != nil {
		return "", fmt.Errorf("metadata: jwks_uri: %w", err)
	}
	if !f.mayHaveKeys(u) {
		return "", errors.New("metadata: jwks_uri on a host that is neither the issuer's nor one of KeyHosts")
	}
	return u.String(), nil
}

// slash tells the commonest mistake from the others. Nothing of what a server says is quoted.
func (f *fetcher) slash(issuer string) string {
	if strings.TrimSuffix(issuer, "/") == strings.TrimSuffix(f.config.Issuer, "/") {
		return ", which differs by a slash at the end"
	}
	return ""
}

func (f *fetcher) mayHaveKeys(u *url.URL) bool {
	sameHost := func(host string) bool { return strings.EqualFold(host, u.Host) }
	issuer, err := url.Parse(f.config.Issuer)
	return err == nil && sameHost(issuer.Host) || slices.ContainsFunc(f.config.KeyHosts, sameHost)
}
