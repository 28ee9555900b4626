package jwks_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/jwks"
)

var octJWK = []byte(`{"kty":"oct","alg":"HS256","kid":"s","k":"` + base64.RawURLEncoding.EncodeToString(secret) + `"}`)

// certificateFor returns the x5c of a certificate for a key.
func certificateFor(key *ecdsa.PrivateKey) []string {
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der := must(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
	return []string{base64.StdEncoding.EncodeToString(der)}
}

func TestParseJWK(t *testing.T) {
	tests := []struct {
		name          string
		data          []byte
		id, algorithm string
		canSign       bool
	}{
		{"RFC 7517, A.2", rsaJWK, "2011-04-29", "RS256", true},
		{"RFC 7517, A.1", with(rsaJWK, publicOnly), "2011-04-29", "RS256", false},
		{"an RSA key for PSS", with(rsaJWK, changes{"alg": "PS256"}), "2011-04-29", "PS256", true},
		{"RFC 7515, A.3", with(ecJWK, changes{"kid": "e"}), "e", "ES256", true},
		{"RFC 8037, A.1", ed25519JWK, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "EdDSA", true},
		{"RFC 8037, A.2", with(ed25519JWK, publicOnly), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "EdDSA", false},
		{"a secret", octJWK, "s", "HS256", true},
		{"a secret without an ID", with(octJWK, changes{"kid": nil}), "", "HS256", true},
		{"a secret that is only for verifying", with(octJWK, changes{"key_ops": []string{"verify"}}), "s", "HS256", false},
		{"a private key that is only for verifying", with(ecJWK, changes{"kid": "e", "key_ops": []string{"verify"}}), "e", "ES256", false},
		{"a private key for signing", with(ecJWK, changes{"kid": "e", "use": "sig", "key_ops": []string{"sign"}}), "e", "ES256", true},
		{"a key with its certificate, which has expired", with(ecJWK, changes{"kid": "e", "x5c": certificateFor(ecKey)}), "e", "ES256", true},
		{"unknown members", with(ecJWK, changes{"kid": "e", "iat": 1, "exp": nil, "x5u": "http://localhost/", "ext": changes{"a": 1}}), "e", "ES256", true},
		{"white space", []byte(" \r\n\t" + string(with(ecJWK, changes{"kid": "e"})) + "\n"), "e", "ES256", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k, err := jwks.ParseJWK(tt.data)
			if err != nil {
				t.Fatal(err)
			}
			if k.ID() != tt.id || k.Algorithm() != tt.algorithm || k.CanSign() != tt.canSign {
				t.Errorf("%v, can sign %t; want %s, %q, %t", k, k.CanSign(), tt.algorithm, tt.id, tt.canSign)
			}
			checkUsable(t, k)
		})
	}
}

// A refusal is a JWK that is none, and what the error says.
type refusal struct {
	name string
	data []byte
	want string
}

const inconsistent, malformed = "incomplete, or whose parts do not belong together", "malformed public key"

// ec, okp, rs and oct return a key with one member changed.
func ec(name string, value any) []byte  { return with(ecJWK, changes{name: value}) }
func okp(name string, value any) []byte { return with(ed25519JWK, changes{name: value}) }
func rs(name string, value any) []byte  { return with(rsaJWK, changes{name: value}) }
func oct(name string, value any) []byte { return with(octJWK, changes{name: value}) }

// pub returns the public half of rsaJWK with one member changed.
func pub(name string, value any) []byte { return with(with(rsaJWK, publicOnly), changes{name: value}) }

// twice returns ecJWK with the text of another member before its kty.
func twice(member string) []byte {
	return []byte(strings.Replace(string(with(ecJWK, changes{})), `"kty":`, member+`,"kty":`, 1))
}

func encoded(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func TestParseJWKRefusesJSON(t *testing.T) {
	refuse(t, []refusal{
		{"nothing", nil, "not one JSON object"},
		{"null", []byte("null"), "not one JSON object"},
		{"an array", []byte("[" + string(ecJWK) + "]"), "not one JSON object"},
		{"a byte order mark", append([]byte("\ufeff"), ecJWK...), "not one JSON object"},
		{"two objects", append(ecJWK[:len(ecJWK):len(ecJWK)], ecJWK...), "not one JSON object"},
		{"garbage behind", append(ecJWK[:len(ecJWK):len(ecJWK)], 'x'), "not one JSON object"},
		{"a JSON object that is cut off", ecJWK[:len(ecJWK)-3], "not one JSON object"},
		{"bytes that are not UTF-8", []byte("{\"kid\":\"\xff\"}"), "not one JSON object"},
		{"over 64 KiB", append(ecJWK[:len(ecJWK):len(ecJWK)], strings.Repeat(" ", 64<<10)...), "over 64 KiB"},
		{"an empty object", []byte("{}"), "type or curve that is not supported"},
		{"a key set", []byte(`{"keys":[]}`), "type or curve that is not supported"},
		{"a member twice", twice(`"kty":"EC"`), "member that is there twice"},
		{"a member twice, once escaped", twice(`"\u006bty":"oct"`), "member that is there twice"},
		{"a member twice, in another case", twice(`"a":1,"A":2`), "member that is there twice"},
		{"an unknown member twice", twice(`"a":1,"a":2`), "member that is there twice"},
		{"a private member in upper case", with(ecJWK, changes{"d": nil, "D": "AQ"}), "upper case"},
		{"key_ops in upper case", ec("Key_Ops", []string{"encrypt"}), "upper case"},
		{"use with a long s", ec("uſe", "enc"), "upper case"},
	})
}

func TestParseJWKRefusesMetadata(t *testing.T) {
	refuse(t, []refusal{
		{"kid that is a number", ec("kid", 1), `member "kid"`},
		{"kid that is empty", ec("kid", ""), `member "kid"`},
		{"kid that is half a character", []byte(`{"kid":"\ud800"}`), `member "kid"`},
		{"kid with a line break", ec("kid", "a\nb"), `member "kid"`},
		{"kid of 257 bytes", ec("kid", strings.Repeat("a", 257)), "ID over 256 bytes"},
		{"kty that is null", []byte(`{"kty":null}`), `member "kty"`},
		{"kty in lower case", ec("kty", "ec"), "type or curve"},
		{"kty of another key", ec("kty", "RSA"), malformed},
		{"use for encryption", ec("use", "enc"), `use other than "sig"`},
		{"use that is unknown", ec("use", "tls"), `use other than "sig"`},
		{"use that is a list", ec("use", []string{"sig"}), `member "use"`},
		{"key_ops for encryption", ec("key_ops", []string{"encrypt"}), "key_ops"},
		{"key_ops for signing and encryption", ec("key_ops", []string{"sign", "encrypt"}), "key_ops"},
		{"key_ops twice the same", ec("key_ops", []string{"sign", "sign"}), "key_ops with something twice"},
		{"key_ops that is empty", ec("key_ops", []string{}), "does not allow verifying"},
		{"key_ops that is null", twice(`"key_ops":null`), `member "key_ops"`},
		{"key_ops that is a string", ec("key_ops", "verify"), `member "key_ops"`},
		{"key_ops of a public key without verify", with(ecJWK, changes{"d": nil, "key_ops": []string{"sign"}}), "does not allow verifying"},
		{"key_ops of a secret without verify", oct("key_ops", []string{"sign"}), "does not allow verifying"},
		{"alg for encryption", rs("alg", "RSA-OAEP"), "does not fit"},
		{"alg of another family", rs("alg", "HS256"), "does not fit"},
		{"alg of another curve", ec("alg", "ES384"), "does not fit"},
		{"alg none", ec("alg", "none"), "does not fit"},
	})
}

func TestParseJWKRefusesCurvePoint(t *testing.T) {
	refuse(t, []refusal{
		{"crv that does not fit the point", ec("crv", "P-384"), malformed},
		{"crv that is not supported", ec("crv", "secp256k1"), "type or curve"},
		{"crv for key agreement", with(ed25519JWK, changes{"d": nil, "crv": "X25519"}), "ecdh.PublicKey, which is not supported"},
		{"an EC point off the curve", ec("y", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a4"), malformed},
		{"an EC key without y", ec("y", nil), malformed},
		{"an EC coordinate that is too short", ec("x", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVA"), malformed},
		{"an EC coordinate that is too long", ec("x", "AH_NzidrNsQdQYPL7m_bS3tYBzM1e-nvE7rPbjx70VRF"), malformed},
		{"base64 with padding", ec("x", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU="), malformed},
		{"base64 that is not canonical", ec("x", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEV"), malformed},
		{"base64 with a line break", ec("x", "f83OJ3D2xF1Bg8vub9tL\ne1gHMzV76e8Tus9uPHvRVEU"), `member "x"`},
		{"base64 of the other alphabet", ec("y", "x/FEzRu9m36HLN/tue659LNpXW6pCyStikYjKIWI5a0"), malformed},
		{"an EC scalar of another key", ec("d", "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LM"), inconsistent},
		{"an EC scalar of zero", ec("d", encoded(make([]byte, 32))), inconsistent},
		{"an EC scalar that is too short", ec("d", "AQ"), inconsistent},
		{"an Ed25519 seed of another key", okp("d", "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2E"), inconsistent},
		{"an Ed25519 seed that is too short", okp("d", "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyu"), inconsistent},
		{"an Ed25519 key of 31 bytes", with(ed25519JWK, changes{"d": nil, "x": encoded(secret[:31])}), malformed},
		{"an Ed25519 key of zeroes", with(ed25519JWK, changes{"d": nil, "x": encoded(make([]byte, 32))}), "anyone can sign"},
	})
}

func TestParseJWKRefusesRSA(t *testing.T) {
	refuse(t, []refusal{
		{"an RSA key without n", rs("n", nil), malformed},
		{"an RSA key with n of 1024 bits", pub("n", encoded(rsaOf(1024).N.Bytes())), "1024 bits"},
		{"RSA exponent 1", pub("e", "AQ"), malformed},
		{"RSA exponent 3", pub("e", "Aw"), "exponent"},
		{"RSA exponent 65536", pub("e", "AQAA"), "exponent"},
		{"RSA exponent of 65 bits that is cut to 65537", pub("e", "AQAAAAAAAQAB"), malformed},
		{"RSA exponent with a leading zero", pub("e", "AAEAAQ"), malformed},
		{"an RSA private key without primes", with(rsaJWK, changes{"p": nil, "q": nil, "dp": nil, "dq": nil, "qi": nil}), inconsistent},
		{"an RSA private key without d", rs("d", nil), inconsistent},
		{"an RSA private key without qi", rs("qi", nil), inconsistent},
		{"an RSA private key with another d", rs("d", encoded(new(big.Int).Add(rsaKey.D, big.NewInt(2)).Bytes())), inconsistent},
		{"an RSA private key with another dp", rs("dp", "Aw"), inconsistent},
		{"an RSA private key with another qi", rs("qi", "Aw"), inconsistent},
		{"an RSA key with three primes", rs("oth", []any{changes{"r": "Aw", "d": "Aw", "t": "Aw"}}), "more than two primes"},
		{"n of 3000 characters", rs("n", strings.Repeat("A", 3000)), `member "n"`},
	})
}

func TestParseJWKRefusesSecret(t *testing.T) {
	refuse(t, []refusal{
		{"a secret without alg", oct("alg", nil), "algorithm other than HS256"},
		{"a secret for an algorithm of key pairs", oct("alg", "RS256"), "algorithm other than HS256"},
		{"a secret for encryption", oct("alg", "A256KW"), "algorithm other than HS256"},
		{"a secret without k", oct("k", nil), "malformed secret"},
		{"a secret that is empty", oct("k", ""), `member "k"`},
		{"a secret that is too short", oct("k", encoded(secret[:31])), "31 bytes"},
		{"a secret in standard base64", oct("k", strings.Repeat("+/", 32)), "malformed secret"},
		{"a secret that is a PEM public key", oct("k", encoded(spki(&ecKey.PublicKey))), "another kind"},
	})
}

func TestParseJWKRefusesCertificate(t *testing.T) {
	refuse(t, []refusal{
		{"a certificate for another key", ec("x5c", certificateFor(must(ecdsa.GenerateKey(ecKey.Curve, rand.Reader)))), "x5c for another key"},
		{"a certificate for another key type", rs("x5c", certificateFor(ecKey)), "x5c for another key"},
		{"a certificate that is none", ec("x5c", []string{"AAAA"}), malformed},
		{"a certificate list that is a string", ec("x5c", "AAAA"), `member "x5c"`},
	})
}

func refuse(t *testing.T, tests []refusal) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k, err := jwks.ParseJWK(tt.data)
			checkRefused(t, k, err, tt.want)
			checkQuotesNothing(t, tt.data, err)
		})
	}
}

// checkQuotesNothing fails if err holds the value of a private member of data.
func checkQuotesNothing(t *testing.T, data []byte, err error) {
	t.Helper()
	var members map[string]any
	_ = json.Unmarshal(data, &members)
	for _, name := range []string{"d", "p", "q", "dp", "dq", "qi", "k"} {
		if value, _ := members[name].(string); len(value) > longestWord && strings.Contains(err.Error(), value) && !strings.Contains(value, " ") {
			t.Errorf("error %q holds member %q", err, name)
		}
	}
}

// longestWord is that of the errors: a member may be a word of them.
const longestWord = len("(CVE-2017-15361)")

// checkUsable fails unless all that can be done with k works: sign and verify, choose it in a set, publish it and read
// that again.
func checkUsable(t *testing.T, k *jwks.Key) {
	t.Helper()
	set, err := jwks.NewSet(k)
	if err != nil {
		t.Fatal(err)
	}
	key, err := set.VerificationKey(context.Background(), "any", k.Algorithm(), k.ID())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, signer, err := set.SigningKey(context.Background()); err == nil {
		checkSignature(t, key, signer)
	}
	if _, secret := key.([]byte); secret {
		return
	}
	published := publish(t, set)
	again, err := jwks.ParseSet(published)
	if err != nil {
		t.Fatalf("%v of %s", err, published)
	}
	got, err := again.VerificationKey(context.Background(), "", k.Algorithm(), k.ID())
	if err != nil || !got.(interface{ Equal(crypto.PublicKey) bool }).Equal(key) {
		t.Errorf("%v became %s", k, published)
	}
	if _, _, _, err := again.SigningKey(context.Background()); err == nil {
		t.Errorf("a private key was published: %s", published)
	}
}

func publish(t *testing.T, s *jwks.Set) []byte {
	t.Helper()
	h, err := jwks.Handler(s)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	return w.Body.Bytes()
}

func checkSignature(t *testing.T, key crypto.PublicKey, signer crypto.Signer) {
	t.Helper()
	message := []byte("message")
	digest, digest512 := sha256.Sum256(message), sha512.Sum512(message)
	var ok bool
	switch key := key.(type) {
	case *rsa.PublicKey:
		ok = key.N.BitLen() > 4096 || rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], must(signer.Sign(rand.Reader, digest[:], crypto.SHA256))) == nil
	case *ecdsa.PublicKey:
		ok = ecdsa.VerifyASN1(key, digest512[:], must(signer.Sign(rand.Reader, digest512[:], crypto.SHA512)))
	case ed25519.PublicKey:
		ok = ed25519.Verify(key, message, must(signer.Sign(rand.Reader, message, crypto.Hash(0))))
	case []byte:
		ok = len(must(signer.Sign(nil, message, crypto.Hash(0)))) >= 32
	}
	if !ok {
		t.Errorf("the signature of a %T does not verify", signer)
	}
}

func FuzzParseJWK(f *testing.F) {
	for _, jwk := range [][]byte{rsaJWK, ecJWK, ed25519JWK, octJWK} {
		f.Add(jwk)
		f.Add(with(jwk, publicOnly))
		f.Add(with(jwk, changes{"use": "sig", "key_ops": []string{"sign", "verify"}, "kid": "é\u2028"}))
	}
	f.Add([]byte(`{"d":"jwks: JWK","k":"supported"}`)) // what the error says anyway
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := jwks.ParseJWK(data)
		if err != nil {
			checkQuotesNothing(t, data, err)
			return
		}
		checkUsable(t, k)
		checkWritten(t, k)
	})
}
