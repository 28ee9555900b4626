package authtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/countersign-go/countersign/jwks"
)

// DefaultAudience is the aud of an [Issuer]'s tokens unless [IssuerOptions] say otherwise.
const DefaultAudience = "https://api.example.com"

// IssuerOptions say what an [Issuer] is like. The zero value is fine.
type IssuerOptions struct {
	Algorithm    string // of its keys, as [jwks.Generate] has them, but for HS*; default: ES256, for RSA keys take a while
	Audience     string // the aud of its tokens; default: [DefaultAudience]
	Path         string // of its identifier, such as "/tenants/a", or "/" as some have it; default: none
	CacheControl string // what is sent with the JWK Set, such as "max-age=60"; default: no such field
	NoOpenID     bool   // no document as in OpenID Connect Discovery 1.0, section 4
	NoOAuth      bool   // no document as in RFC 8414, section 3

	// InMemory starts no server: [Issuer.Transport] is then the only way to ask. A testing/synctest bubble needs it, since
	// time stands still there while a connection is waited for; make the issuer inside of the bubble.
	InMemory bool
}

// An Issuer is an identity provider for tests: it mints tokens and publishes what they are verified with, a discovery
// document and a JWK Set, well or with a [Fault]. Make one with [NewIssuer].
//
// Many goroutines may use it at once. A mistake in its use ends the test.
type Issuer struct {
	t               testing.TB
	options         IssuerOptions
	base, elsewhere string // scheme and host, of its own and as another host
	path            string // of its identifier, without a slash at the end

	keys, discovery endpoint
	ended           chan struct{} // closed when the test has ended

	mu       sync.Mutex    // guards what follows and the faults; not held while anything is waited for
	changed  chan struct{} // closed, and made anew, when a fault has changed
	signers  []*jwks.Key   // the published keys, first the one that signs
	set      *jwks.Set     // of these
	document string        // of these, as a JWK Set
	served   string        // what is served in its place, unless it is ""
}

// An endpoint is one of the things that an issuer is asked for.
type endpoint struct {
	fault    Fault // guarded by Issuer.mu
	requests atomic.Int64
}

// inMemory tells the issuers without a server apart.
var inMemory atomic.Int64

// NewIssuer starts an identity provider that ends with the test. opts may be nil. It answers for its JWK Set and its discovery
// documents; whatever else these name, such as the token endpoint, is 404: see the package comment.
func NewIssuer(t testing.TB, opts *IssuerOptions) *Issuer {
	t.Helper()
	i := &Issuer{t: t, ended: make(chan struct{}), changed: make(chan struct{})}
	if opts != nil {
		i.options = *opts
	}
	if i.options.Algorithm == "" {
		i.options.Algorithm = "ES256"
	}
	if i.options.Audience == "" {
		i.options.Audience = DefaultAudience
	}
	if p := i.options.Path; p != "" && (p[0] != '/' || (&url.URL{Path: p}).EscapedPath() != p) {
		t.Fatalf("authtest: IssuerOptions.Path is %q: begin with a slash, and use nothing that a URL escapes", p)
	}
	i.path = strings.TrimSuffix(i.options.Path, "/")
	i.Rotate()
	if i.options.InMemory {
		n := inMemory.Add(1)
		i.base, i.elsewhere = fmt.Sprintf("https://issuer%d.example", n), fmt.Sprintf("https://elsewhere%d.example", n)
		t.Cleanup(func() { close(i.ended) })
		return i
	}
	i.listen()
	return i
}

func (i *Issuer) listen() {
	server := httptest.NewUnstartedServer(http.HandlerFunc(i.serve))
	// A client may repeat what it has sent over a connection that it kept, which would spoil the counts.
	server.Config.SetKeepAlivesEnabled(false)
	server.Start()
	i.t.Cleanup(func() {
		close(i.ended)
		_ = server.Config.Close() // cuts off clients that do not read; the other Close would wait for them
		server.Close()
	})
	i.base = server.URL
	i.elsewhere = "http://localhost" + server.URL[strings.LastIndexByte(server.URL, ':'):]
}

// URL returns the issuer's identifier, the iss of its tokens: plain HTTP on a loopback address, or of an issuer in memory
// a name with HTTPS that nobody else has.
func (i *Issuer) URL() string { return i.base + i.options.Path }

// KeysURL returns where its JWK Set is.
func (i *Issuer) KeysURL() string { return i.base + i.keysPath() }

// KeyRequests returns how often the JWK Set was asked for, whatever the answer, and also where a redirect or
// [OtherHost] leads to.
func (i *Issuer) KeyRequests() int64 { return i.keys.requests.Load() }

// DiscoveryRequests returns how often a discovery document was asked for, whatever the answer, and also one that
// [IssuerOptions] switch off.
func (i *Issuer) DiscoveryRequests() int64 { return i.discovery.requests.Load() }
