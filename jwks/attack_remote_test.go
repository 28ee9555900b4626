package jwks_test

import (
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwks"
)

// TestAttackRemote runs the known attacks on key sets that are fetched.
func TestAttackRemote(t *testing.T) {
	for id, attack := range map[string]func(t *testing.T){
		"K001": remoteKidTwice,
		"K002": remoteSecret,
		"K010": remoteBadKeys,
		"K012": remoteCertificateOfAnother,
		"K013": remoteCertificateOutOfTime,
		"K014": remoteEndlessBody,
		"K015": remoteTooManyKeys,
		"K016": remoteBomb,
		"K017": remoteSlowly,
		"K019": remoteDowngrade,
		"K020": remoteRedirects,
		"K025": TestRemoteRotationInAFlood,
		"K026": remoteManyUnknown,
		"K027": remoteEmpty,
		"K028": remoteNoSet,
		"K030": remoteTwoReadings,
		"K033": TestRemoteReplaced,
		"K034": TestRemoteDiscovery,
		"K037": TestRemoteStartsWhileTheEndpointIsDown,
		"K038": TestRemoteCallerGoes,
		"K039": TestRemoteRefreshesAhead,
	} {
		t.Run(id, attack)
	}
}

func remoteKidTwice(t *testing.T) {
	one, another := keyText(keyNamed("bad")), keyText(keyNamed("bad"))
	ignores(t, one+","+another, "several keys have it")
	ignores(t, one+","+one, "several keys have it")
	ignores(t, one+","+keyText(must(jwks.NewKey(&ecKey.PublicKey, &jwks.KeyOptions{ID: "bad"}))), "several keys have it")
}

func remoteSecret(t *testing.T) {
	private := must(jwks.NewKey(ed25519Key, &jwks.KeyOptions{ID: "bad"}))
	ignores(t, string(must(private.PrivateJWK()))+","+keyText(private), "several keys have it")
	ignores(t, string(with(must(private.PrivateJWK()), changes{"kid": "x"}))+","+keyText(private), "its private half is in the set")
	ignores(t, string(with(must(private.PrivateJWK()), changes{"kid": nil}))+","+keyText(private), "its private half is in the set")
	ignores(t, octText, "private or symmetric")
	ignores(t, strings.Replace(octText, `"k":`, `"use":"sig","k":`, 1), "private or symmetric")
}

func remoteBadKeys(t *testing.T) {
	good := keyText(keyNamed("bad"))
	ignores(t, `{"kty":"EC","crv":"P-256","alg":"ES256","kid":"bad","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"}`, "malformed")
	ignores(t, strings.Replace(good, `"kid":"bad"`, `"kid":7`, 1), "kid")
	ignores(t, strings.Replace(good, `"use":"sig"`, `"use":"tls"`, 1), "use other")
	ignores(t, strings.Replace(good, `"use":"sig"`, `"key_ops":["derive"]`, 1), "key_ops")
	ignores(t, `{"kty":"RSA","alg":"RS256","kid":"bad","n":"`+strings.Repeat("A", 3000)+`","e":"AQAB"}`, `member "n"`)
}

// certified returns the public JWK of a key with a certificate for another or the same.
func certified(id string, of *ecdsa.PublicKey, key *ecdsa.PrivateKey, from time.Time) string {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: from.Add(time.Hour)}
	der := must(x509.CreateCertificate(rand.Reader, template, template, of, key))
	jwk := keyText(must(jwks.NewKey(&key.PublicKey, &jwks.KeyOptions{ID: id})))
	return strings.Replace(jwk, "{", `{"x5c":["`+base64.StdEncoding.EncodeToString(der)+`"],`, 1)
}

func remoteCertificateOfAnother(t *testing.T) {
	stranger := must(ecdsa.GenerateKey(ecKey.Curve, rand.Reader))
	ignores(t, certified("bad", &stranger.PublicKey, ecKey, time.Now()), "x5c for another key")
}

// A certificate gives and takes no trust: the set comes from the issuer's own server.
func remoteCertificateOutOfTime(t *testing.T) {
	for _, from := range []time.Time{time.Now().Add(-48 * time.Hour), time.Now().Add(48 * time.Hour)} {
		e := &endpoint{answer: document(`{"keys":[` + certified("1", &ecKey.PublicKey, ecKey, from) + `]}`)}
		bubble(t, e, func(t *testing.T, r *jwks.Remote) {
			if _, err := r.VerificationKey(t.Context(), issuerURL, "ES256", "1"); err != nil {
				t.Error(err)
			}
		})
	}
}

// Of 64 MiB over a connection there is another test.
func remoteEndlessBody(t *testing.T) {
	keepsLastSet(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, io.LimitReader(blanks{}, 4<<20)) })
}

type blanks struct{}

func (blanks) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func remoteTooManyKeys(t *testing.T) {
	var keys []string
	for n := range 101 {
		keys = append(keys, keyText(keyNamed(fmt.Sprint(n))))
	}
	keepsLastSet(t, document(`{"keys":[`+strings.Join(keys, ",")+`]}`))
	keepsLastSet(t, document(`{"keys":[`+strings.TrimSuffix(strings.Repeat("{},", 10_000), ",")+`]}`))
}

func remoteBomb(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = io.Copy(w, io.LimitReader(blanks{}, 4<<20))
	_ = w.Close()
	for _, encoding := range []string{"gzip", "br", "identity, gzip"} {
		keepsLastSet(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", encoding)
			_, _ = w.Write(packed.Bytes())
		})
	}
}

// A server that sends a byte now and then costs nobody with a known key anything, and is given up.
func remoteSlowly(t *testing.T) {
	e := serving(keyNamed("1"))
	bubble(t, e, func(t *testing.T, r *jwks.Remote) {
		afterCooldown()
		e.hangs(true)
		start := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := find(r, "2"); !auth.IsUnavailable(err) || time.Since(start) != 5*time.Second {
				t.Errorf("after %v: %v", time.Since(start), err)
			}
		})
		synctest.Wait()
		if _, err := find(r, "1"); err != nil || time.Since(start) != 0 {
			t.Errorf("a known key after %v: %v", time.Since(start), err)
		}
		wg.Wait()
	})
}

func remoteDowngrade(t *testing.T) {
	redirected(t, "http://login.example.com/keys", "http://127.0.0.1/keys")
}

func remoteRedirects(t *testing.T) {
	redirected(t, "https://127.0.0.1/", "https://169.254.169.254/latest/meta-data", "https://[::1]/", "https://10.0.0.1/",
		"https://[64:ff9b::a00:1]/", "https://[2002:a00:1::]/", issuerURL+"/elsewhere", "//example.com/", "file:///etc/passwd")
}

// redirected fails if a redirect is followed: the endpoint counts what is asked anywhere.
func redirected(t *testing.T, places ...string) {
	t.Helper()
	for _, place := range places {
		for _, code := range []int{301, 302, 303, 307, 308} {
			keepsLastSet(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, place, code) })
		}
	}
}

func remoteManyUnknown(t *testing.T) {
	e := serving(keyNamed("1"))
	bubble(t, e, func(t *testing.T, r *jwks.Remote) {
		afterCooldown()
		text := setDocument(keyNamed("1"))
		e.now(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(2 * time.Second)
			document(text)(w, r)
		})
		start := time.Now()
		var wg sync.WaitGroup
		for n := range 50 {
			wg.Go(func() {
				_, err := find(r, fmt.Sprint("x", n))
				if !errors.Is(err, auth.ErrInvalidCredentials) || time.Since(start) != 2*time.Second {
					t.Errorf("after %v: %v", time.Since(start), err)
				}
			})
		}
		synctest.Wait()
		if _, err := find(r, "1"); err != nil || time.Since(start) != 0 {
			t.Errorf("a known key after %v: %v", time.Since(start), err)
		}
		wg.Wait()
		checkAsked(t, e, 2)
	})
}

func remoteEmpty(t *testing.T) {
	for _, text := range []string{`{}`, `{"keys":[]}`, `{"keys":null}`, `[]`, `null`, `""`} {
		keepsLastSet(t, document(text))
	}
}

func remoteNoSet(t *testing.T) {
	keepsLastSet(t, document("<html></html>"))
	for _, code := range []int{201, 203, 204, 206, 301, 304, 400, 401, 403, 404, 410, 429, 500, 502, 503, 504} {
		keepsLastSet(t, status(code))
	}
}

func remoteTwoReadings(t *testing.T) {
	good := strings.TrimSpace(setDocument(keyNamed("2")))
	for _, text := range []string{
		good + "x", good + good, good + "\x00", "\ufeff" + good, strings.Replace(good, `"keys"`, `"KEYS"`, 1),
		strings.TrimSuffix(good, "}") + `,"keys":[]}`, strings.TrimSuffix(good, "}") + `,"Keys":[]}`,
		`{"keys":[],` + strings.TrimPrefix(good, "{"),
	} {
		keepsLastSet(t, document(text))
	}
}
