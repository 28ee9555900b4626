package authtest

// A Fault is how an endpoint of an [Issuer] fails. The zero Fault is [Well].
type Fault string

// Faults of the JWK Set and of the discovery documents alike.
const (
	Well        Fault = ""
	Down        Fault = "down"         // the connection is closed without an answer
	Hanging     Fault = "hanging"      // no answer until the client gives up, or the fault changes: then as it is from there on
	Slow        Fault = "slow"         // the right document, a byte a second
	ServerError Fault = "server error" // 500
	Limited     Fault = "limited"      // 429, to be asked again in an hour
	NoContent   Fault = "no content"   // 204
	NotModified Fault = "not modified" // 304, also to a client that has nothing
	Redirecting Fault = "redirecting"  // 302 to a good copy on another host
	NotJSON     Fault = "not JSON"     // 200 with a page in HTML
	WrongType   Fault = "wrong type"   // the right document, said to be HTML
	EmptyObject Fault = "empty object" // 200 with {}
	EmptySet    Fault = "empty set"    // 200 with {"keys":[]}
	Truncated   Fault = "truncated"    // half of the right document, then the connection is closed
	Huge        Fault = "huge"         // the right document, made 64 MiB by spaces; its length is not said
	Bomb        Fault = "bomb"         // the right document, made 256 MiB by spaces, in gzip whatever was asked for
)

// Faults of the discovery documents only.
const (
	WrongIssuer Fault = "wrong issuer" // the document is that of another issuer
	OtherHost   Fault = "other host"   // its jwks_uri is a good copy of the JWK Set on another host
)

// ofDiscovery reports whether only a discovery document can have f.
func (f Fault) ofDiscovery() bool { return f == WrongIssuer || f == OtherHost }

func (f Fault) exists() bool {
	switch f {
	case Well, Down, Hanging, Slow, Redirecting, WrongType, Truncated, Huge, Bomb, WrongIssuer, OtherHost:
		return true
	}
	_, ok := fixed[f]
	return ok
}

// Fail has the JWK Set answered with f from now on, or the discovery documents if f is [WrongIssuer] or [OtherHost]. The
// other endpoint stays as it is, except that Fail([Well]) mends both.
func (i *Issuer) Fail(f Fault) {
	i.t.Helper()
	switch {
	case f.ofDiscovery():
		i.fail(f, &i.discovery)
	case f == Well:
		i.fail(f, &i.keys, &i.discovery)
	default:
		i.fail(f, &i.keys)
	}
}

// FailDiscovery has the discovery documents answered with f from now on. The JWK Set stays as it is.
func (i *Issuer) FailDiscovery(f Fault) {
	i.t.Helper()
	i.fail(f, &i.discovery)
}

func (i *Issuer) fail(f Fault, endpoints ...*endpoint) {
	i.t.Helper()
	if !f.exists() {
		i.t.Fatalf("authtest: there is no Fault %q", string(f))
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, at := range endpoints {
		at.fault = f
	}
	close(i.changed)
	i.changed = make(chan struct{})
}
