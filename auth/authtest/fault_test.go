package authtest_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth/authtest"
)

// faults are what a client sees of each that ends by itself. TYPE is the media type of the document.
var faults = []struct {
	fault authtest.Fault
	want  string
}{
	{authtest.Well, "200 TYPE: the document"},
	{authtest.Down, "no answer"},
	{authtest.ServerError, `500 text/plain: "internal server error"`},
	{authtest.Limited, `429 : ""`},
	{authtest.NoContent, `204 : ""`},
	{authtest.NotModified, `304 : ""`},
	{authtest.Redirecting, `302 : ""`},
	{authtest.NotJSON, `200 text/html; charset=utf-8: "<!doctype html><title>Log in</title>"`},
	{authtest.WrongType, "200 text/html; charset=utf-8: the document"},
	{authtest.EmptyObject, `200 application/json: "{}"`},
	{authtest.EmptySet, `200 application/jwk-set+json: "{\"keys\":[]}"`},
	{authtest.Truncated, "200 TYPE: half of the document"},
	{authtest.Huge, "200 TYPE: the document and no end"},
	{authtest.Bomb, "200 TYPE: the document and no end"},
}

const openID = "/.well-known/openid-configuration"

// ways are how an issuer is asked.
var ways = []struct {
	name      string
	opts      authtest.IssuerOptions
	transport func(*authtest.Issuer) http.RoundTripper
}{
	{"over a connection", authtest.IssuerOptions{}, func(*authtest.Issuer) http.RoundTripper { return http.DefaultTransport }},
	{"in memory", authtest.IssuerOptions{InMemory: true}, (*authtest.Issuer).Transport},
	{"in memory beside a server", authtest.IssuerOptions{}, (*authtest.Issuer).Transport},
}

// endpoints are what an issuer is asked for.
var endpoints = []struct {
	name, mediaType string
	url             func(*authtest.Issuer) string
	fail            func(*authtest.Issuer, authtest.Fault)
	requests        func(*authtest.Issuer) int64
}{
	{"keys", "application/jwk-set+json", (*authtest.Issuer).KeysURL, (*authtest.Issuer).Fail, (*authtest.Issuer).KeyRequests},
	{"discovery", "application/json", func(i *authtest.Issuer) string { return i.URL() + openID },
		(*authtest.Issuer).FailDiscovery, (*authtest.Issuer).DiscoveryRequests},
}

func TestFaults(t *testing.T) {
	for _, way := range ways {
		for _, at := range endpoints {
			idp := authtest.NewIssuer(t, &way.opts)
			transport := way.transport(idp)
			good := ask(t.Context(), transport, at.url(idp))
			for _, test := range faults {
				t.Run(way.name+"/"+at.name+"/"+string(test.fault), func(t *testing.T) {
					before := at.requests(idp)
					at.fail(idp, test.fault)
					got := ask(t.Context(), transport, at.url(idp)).seen(good.body)
					if want := strings.Replace(test.want, "TYPE", at.mediaType, 1); got != want {
						t.Errorf("got %s, want %s", got, want)
					}
					if n := at.requests(idp) - before; n != 1 {
						t.Errorf("counted %d", n)
					}
				})
			}
		}
	}
}

// What a request asks for makes a good answer another, and no fault a milder one.
func TestFaultsSpareNobody(t *testing.T) {
	for _, way := range ways {
		idp := authtest.NewIssuer(t, &way.opts)
		client := &http.Client{Transport: way.transport(idp), CheckRedirect: noRedirect}
		etag := ask(t.Context(), client.Transport, idp.KeysURL()).header.Get("ETag")
		for _, test := range []struct {
			name, method, field, value string
			well                       int
		}{
			{"it has the document", "GET", "If-None-Match", etag, 304},
			{"it wants a part", "GET", "Range", "bytes=0-9", 206},
			{"it wants the header", "HEAD", "Accept", "*/*", 200},
			{"it sends something", "POST", "Accept", "*/*", 405},
		} {
			t.Run(way.name+"/"+test.name, func(t *testing.T) {
				idp.Fail(authtest.Well)
				if got := askBy(t.Context(), client, test.method, idp.KeysURL(), test.field, test.value); got.status != test.well {
					t.Errorf("got %+v, want %d", got, test.well)
				}
				for _, fault := range []authtest.Fault{authtest.Down, authtest.Truncated, authtest.Huge, authtest.ServerError} {
					idp.Fail(fault)
					got := askBy(t.Context(), client, test.method, idp.KeysURL(), test.field, test.value)
					if got.status == 304 || got.status == 206 || test.method == "HEAD" && got.body != "" {
						t.Errorf("%s: got %+v", fault, got)
					}
				}
			})
		}
	}
}

// A client that follows finds a good copy, and the count tells.
func TestFaultsLeadElsewhere(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			idp := authtest.NewIssuer(t, &way.opts)
			client := &http.Client{Transport: way.transport(idp)}
			idp.Fail(authtest.Redirecting)
			if got := askBy(t.Context(), client, "GET", idp.KeysURL()); got.body != idp.Keys() || idp.KeyRequests() != 2 {
				t.Errorf("got %+v after %d requests", got, idp.KeyRequests())
			}
			idp.Fail(authtest.Well)
			idp.FailDiscovery(authtest.Redirecting)
			m := metadataOf(askBy(t.Context(), client, "GET", idp.URL()+openID))
			if m.Issuer != idp.URL() || m.KeysURL != idp.KeysURL() || idp.DiscoveryRequests() != 2 {
				t.Errorf("got %+v after %d requests", m, idp.DiscoveryRequests())
			}
			idp.Fail(authtest.OtherHost)
			m = metadataOf(askBy(t.Context(), client, "GET", idp.URL()+openID))
			if m.Issuer != idp.URL() || hostOf(m.KeysURL) == hostOf(idp.URL()) {
				t.Errorf("got %+v", m)
			}
			if got := askBy(t.Context(), client, "GET", m.KeysURL); got.body != idp.Keys() || idp.KeyRequests() != 3 {
				t.Errorf("got %+v after %d requests", got, idp.KeyRequests())
			}
			idp.Fail(authtest.WrongIssuer)
			m = metadataOf(askBy(t.Context(), client, "GET", idp.URL()+openID))
			if m.Issuer == idp.URL() || m.KeysURL != idp.KeysURL() {
				t.Errorf("got %+v", m)
			}
		})
	}
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return err.Error()
	}
	return u.Hostname()
}

// Each call says what changes, and nothing else does.
func TestFailTouchesWhatItSays(t *testing.T) {
	idp := authtest.NewIssuer(t, &authtest.IssuerOptions{InMemory: true})
	for _, step := range []struct {
		name            string
		do              func()
		keys, discovery int
		issuer          bool // is right in the discovery document
	}{
		{"well", func() {}, 200, 200, true},
		{"Fail leaves discovery", func() { idp.Fail(authtest.ServerError) }, 500, 200, true},
		{"a fault of discovery leaves keys", func() { idp.Fail(authtest.WrongIssuer) }, 500, 200, false},
		{"FailDiscovery leaves keys", func() { idp.FailDiscovery(authtest.Limited) }, 500, 429, false},
		{"Fail leaves a fault of discovery", func() { idp.Fail(authtest.NoContent) }, 204, 429, false},
		{"FailDiscovery mends its own", func() { idp.FailDiscovery(authtest.Well) }, 204, 200, true},
		{"Fail mends all", func() { idp.FailDiscovery(authtest.Limited); idp.Fail(authtest.Well) }, 200, 200, true},
	} {
		step.do()
		keys := ask(t.Context(), idp.Transport(), idp.KeysURL())
		discovery := ask(t.Context(), idp.Transport(), idp.URL()+openID)
		right := metadataOf(discovery).Issuer == idp.URL()
		if keys.status != step.keys || discovery.status != step.discovery || right != step.issuer {
			t.Errorf("%s: got %d and %d, %s", step.name, keys.status, discovery.status, discovery.body)
		}
	}
}

// Over a connection too, a hanging issuer waits for what comes first: that the client gives up, or that it recovers.
func TestHangingOverAConnection(t *testing.T) {
	idp := authtest.NewIssuer(t, nil)
	ctx, giveUp := context.WithCancel(t.Context())
	for n, test := range []struct {
		ends func()
		want string
	}{
		{func() { idp.Fail(authtest.EmptyObject) }, `200 application/json: "{}"`},
		{giveUp, "no answer"},
	} {
		idp.Fail(authtest.Hanging)
		got := make(chan string)
		go func() { got <- ask(ctx, http.DefaultTransport, idp.KeysURL()).seen(idp.Keys()) }()
		for idp.KeyRequests() != int64(n+1) {
			runtime.Gosched()
		}
		idp.Fail(authtest.Hanging) // is no recovery
		select {
		case early := <-got:
			t.Fatalf("got %s", early)
		default:
		}
		test.ends()
		if got := <-got; got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

// What is slow is there, but does not come: the header at once, no end to the body.
func TestSlowOverAConnection(t *testing.T) {
	idp := authtest.NewIssuer(t, nil)
	idp.Fail(authtest.Slow)
	ctx, giveUp := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "GET", idp.KeysURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	giveUp()
	body, err := io.ReadAll(res.Body)
	if res.StatusCode != 200 || res.ContentLength != int64(len(idp.Keys())) || err == nil || len(body) == len(idp.Keys()) {
		t.Errorf("got %d, %d bytes of %d, %v", res.StatusCode, len(body), res.ContentLength, err)
	}
	_ = res.Body.Close()
}

// Only the size is wrong with what is too big: a client without a bound takes it.
func TestHugeIsWellFormed(t *testing.T) {
	for _, way := range ways {
		idp := authtest.NewIssuer(t, &way.opts)
		idp.Fail(authtest.Huge)
		res, err := (&http.Client{Transport: way.transport(idp)}).Get(idp.KeysURL())
		if err != nil {
			t.Fatal(err)
		}
		if got := withoutMiddle(res.Body, len(idp.Keys())-1, 64<<20); got != idp.Keys() || res.ContentLength != -1 {
			t.Errorf("%s: got %s, length %d", way.name, got, res.ContentLength)
		}
		_ = res.Body.Close()
	}
}

// A bomb is small until it is unpacked, whatever a client asks for.
func TestBombIsSmall(t *testing.T) {
	for _, way := range ways {
		for _, encoding := range []string{"gzip", "identity"} {
			idp := authtest.NewIssuer(t, &way.opts)
			idp.Fail(authtest.Bomb)
			got := ask(t.Context(), way.transport(idp), idp.KeysURL(), "Accept-Encoding", encoding)
			if got.header.Get("Content-Encoding") != "gzip" || len(got.body) < 1<<10 || len(got.body) > 512<<10 {
				t.Errorf("%s: got %d bytes, %v", way.name, len(got.body), got.header)
			}
		}
	}
}

// withoutMiddle returns what r reads but for the size bytes that follow the first bytes.
func withoutMiddle(r io.Reader, first int, size int64) string {
	head, err := io.ReadAll(io.LimitReader(r, int64(first)))
	if err == nil {
		_, err = io.CopyN(io.Discard, r, size)
	}
	if err != nil {
		return err.Error()
	}
	tail, err := io.ReadAll(r)
	if err != nil {
		return err.Error()
	}
	return string(head) + string(tail)
}
