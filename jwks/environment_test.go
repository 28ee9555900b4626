package jwks_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/jwks"
)

// env are variables. Without a value that says otherwise, the issuer and the audience are set.
type env map[string]string

func fromEnv(variables env) (*jwks.Environment, error) {
	all := env{"JWT_ISSUER": "https://login.example", "JWT_AUDIENCE": "api"}
	maps.Copy(all, variables)
	maps.DeleteFunc(all, func(_, value string) bool { return value == unset })
	return jwks.FromEnvironment(func(name string) (string, bool) {
		value, ok := all[name]
		return value, ok
	})
}

const unset = "not set at all"

var everyVariable = []string{"JWT_SECRET_KEY", "JWT_PUBLIC_KEY", "JWT_ALGORITHM", "JWT_KEYID", "JWKS_CONTENT", "JWT_ISSUER",
	"JWT_AUDIENCE", "JWT_EXPIRES_IN"}

var (
	ecPEM, ecPublicPEM   = string(oneLine(pkcs8(ecKey))), string(spki(&ecKey.PublicKey))
	rsaPEM, rsaPublicPEM = string(oneLine(pkcs8(rsaKey))), string(spki(&rsaKey.PublicKey))
	namedEC              = with(ecJWK, changes{"kid": "e"})
)

func TestFromEnvironment(t *testing.T) {
	ecID, rsaID := named(ecKey, "", "").ID(), named(rsaKey, "", "").ID()
	tests := []struct {
		name       string
		variables  env
		signs      string // the kid and algorithm; "" if nothing signs
		verifies   string // the kid and algorithm of every key
		algorithms string
	}{
		{"a secret", env{"JWT_SECRET_KEY": string(secret)}, " HS256", " HS256", "HS256"},
		{"a secret with an ID, for HS512", env{"JWT_SECRET_KEY": string(secret), "JWT_KEYID": "1", "JWT_ALGORITHM": "HS512"},
			"1 HS512", "1 HS512", "HS512"},
		{"a private EC key", env{"JWT_SECRET_KEY": ecPEM}, ecID + " ES256", ecID + " ES256", "ES256"},
		{"a private key in lines", env{"JWT_SECRET_KEY": string(pkcs8(p521Key)), "JWT_KEYID": "1"}, "1 ES512", "1 ES512", "ES512"},
		{"a private RSA key", env{"JWT_SECRET_KEY": rsaPEM}, rsaID + " RS256", rsaID + " RS256", "RS256"},
		{"a private RSA key for PSS", env{"JWT_SECRET_KEY": rsaPEM, "JWT_ALGORITHM": "PS384", "JWT_KEYID": "1"},
			"1 PS384", "1 PS384", "PS384"},
		{"a private key and its public half", env{"JWT_SECRET_KEY": ecPEM, "JWT_PUBLIC_KEY": ecPublicPEM},
			ecID + " ES256", ecID + " ES256", "ES256"},
		{"a private key and its public half, for PSS", env{"JWT_SECRET_KEY": rsaPEM, "JWT_PUBLIC_KEY": rsaPublicPEM,
			"JWT_ALGORITHM": "PS256"},
			rsaID + " PS256", rsaID + " PS256", "PS256"},
		{"a public key", env{"JWT_PUBLIC_KEY": rsaPublicPEM, "JWT_KEYID": "1", "JWT_ALGORITHM": "RS512"}, "", "1 RS512", "RS512"},
		{"a document", env{"JWKS_CONTENT": string(setOf(with(ed25519JWK, publicOnly), namedEC, rsaJWK))},
			"e ES256", "e ES256,2011-04-29 RS256,kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k EdDSA", "EdDSA,ES256,RS256"},
		{"a document of one secret without an ID", env{"JWKS_CONTENT": string(setOf(with(octJWK, changes{"kid": nil})))},
			" HS256", " HS256", "HS256"},
		{"a private key beside former ones", env{"JWT_SECRET_KEY": rsaPEM, "JWT_KEYID": "new",
			"JWKS_CONTENT": string(setOf(namedEC, rsaJWK))},
			"new RS256", "new RS256,e ES256,2011-04-29 RS256", "RS256,ES256"},
		{"a public key beside former ones", env{"JWT_PUBLIC_KEY": rsaPublicPEM, "JWT_KEYID": "new",
			"JWKS_CONTENT": string(setOf(namedEC))},
			"", "new RS256,e ES256", "RS256,ES256"},
		{"a secret beside a former one", env{"JWT_SECRET_KEY": strings.Repeat(string(secret), 2), "JWT_KEYID": "new",
			"JWKS_CONTENT": string(setOf(octJWK))},
			"new HS256", "new HS256,s HS256", "HS256"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := fromEnv(tt.variables)
			if err != nil {
				t.Fatal(err)
			}
			kid, alg, signer, _ := e.Keys.SigningKey(context.Background())
			if got := strings.TrimSuffix(kid+" "+alg, " "); got != tt.signs {
				t.Errorf("signs with %q, want %q", got, tt.signs)
			}
			for key := range strings.SplitSeq(tt.verifies, ",") {
				id, algorithm, _ := strings.Cut(key, " ")
				if _, err := e.Keys.VerificationKey(context.Background(), "", algorithm, id); err != nil {
					t.Errorf("%s: %v", key, err)
				}
			}
			if signer != nil {
				checkSignature(t, must(e.Keys.VerificationKey(context.Background(), "", alg, kid)), signer)
			}
			if got := strings.Join(e.Algorithms, ","); got != tt.algorithms {
				t.Errorf("algorithms %s, want %s", got, tt.algorithms)
			}
			if e.Issuer != "https://login.example" || !slices.Equal(e.Audience, []string{"api"}) || e.Lifetime != 0 {
				t.Errorf("issuer %q, audience %q, lifetime %v", e.Issuer, e.Audience, e.Lifetime)
			}
		})
	}
}

func TestFromEnvironmentDefaults(t *testing.T) {
	for _, tt := range []struct{ issuer, audience, wantIssuer, wantAudience string }{
		{unset, unset, "countersign", "countersign"},
		{"https://login.example", unset, "https://login.example", "https://login.example"},
		{unset, "api", "countersign", "api"},
	} {
		e, err := fromEnv(env{"JWT_SECRET_KEY": string(secret), "JWT_ISSUER": tt.issuer, "JWT_AUDIENCE": tt.audience})
		if err != nil || e.Issuer != tt.wantIssuer || !slices.Equal(e.Audience, []string{tt.wantAudience}) {
			t.Errorf("%+v: %+v, %v", tt, e, err)
		}
	}
}

// Without a func to look them up, the variables are those of the process.
func TestFromEnvironmentOfProcess(t *testing.T) {
	t.Setenv("JWT_SECRET_KEY", string(secret))
	t.Setenv("JWT_ISSUER", "https://login.example")
	t.Setenv("JWT_AUDIENCE", "api, https://other.example ,third")
	t.Setenv("JWT_EXPIRES_IN", "1d")
	e, err := jwks.FromEnvironment(nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"api", "https://other.example", "third"}; !slices.Equal(e.Audience, want) || e.Lifetime != 24*time.Hour {
		t.Errorf("audience %q, lifetime %v", e.Audience, e.Lifetime)
	}
}

// Keys that are not the first never sign, whatever the document says of them.
func TestFormerKeysOnlyVerify(t *testing.T) {
	e, err := fromEnv(env{"JWT_SECRET_KEY": rsaPEM, "JWT_KEYID": "new", "JWKS_CONTENT": string(setOf(namedEC))})
	if err != nil {
		t.Fatal(err)
	}
	written := string(must(e.Keys.PrivateJWKSet()))
	if strings.Contains(written, encoded(must(ecKey.Bytes()))) || !strings.Contains(written, encoded(rsaKey.Primes[0].Bytes())) {
		t.Error("the former key is private, or the new one is not")
	}
}

// A badEnvironment is what FromEnvironment must refuse, and how each mistake begins, in their order.
type badEnvironment struct {
	name      string
	variables env
	want      []string
}

func TestFromEnvironmentRefusesWhatIsMissing(t *testing.T) {
	refuseEnvironments(t, []badEnvironment{
		{"nothing", env{"JWT_ISSUER": unset, "JWT_AUDIENCE": unset},
			[]string{"JWT_SECRET_KEY: not set, nor are JWT_PUBLIC_KEY and JWKS_CONTENT"}},
		{"everything empty", env{"JWT_SECRET_KEY": "", "JWT_PUBLIC_KEY": " ", "JWT_ALGORITHM": "", "JWT_KEYID": "", "JWKS_CONTENT": "\n",
			"JWT_ISSUER": "", "JWT_AUDIENCE": "", "JWT_EXPIRES_IN": "\t"},
			[]string{"JWT_SECRET_KEY: set, but empty", "JWT_PUBLIC_KEY: set, but", "JWT_ALGORITHM: set, but", "JWT_KEYID: set, but",
				"JWKS_CONTENT: set, but", "JWT_ISSUER: set, but", "JWT_AUDIENCE: set, but", "JWT_EXPIRES_IN: set, but"}},
		{"an empty secret beside a document", env{"JWT_SECRET_KEY": "", "JWKS_CONTENT": string(setOf(namedEC))},
			[]string{"JWT_SECRET_KEY: set, but empty"}},
		{"all at once", env{"JWT_SECRET_KEY": "supersecret", "JWT_PUBLIC_KEY": ecPublicPEM,
			"JWT_ALGORITHM": "none", "JWT_KEYID": "\n\x00a",
			"JWKS_CONTENT": "x", "JWT_ISSUER": "", "JWT_AUDIENCE": ",a", "JWT_EXPIRES_IN": "15"},
			[]string{"JWT_ISSUER: ", "JWT_KEYID: ", "JWT_ALGORITHM: ", "JWT_PUBLIC_KEY: ", "JWT_SECRET_KEY: ", "JWKS_CONTENT: ",
				"JWT_EXPIRES_IN: ", "JWT_AUDIENCE: "}},
	})
}

func TestFromEnvironmentRefusesKeys(t *testing.T) {
	sec := string(secret)
	refuseEnvironments(t, []badEnvironment{
		{"a short secret", env{"JWT_SECRET_KEY": "supersecret"},
			[]string{"JWT_SECRET_KEY: secret of 11 bytes, which are too few for HS256"}},
		{"a secret too short for HS512", env{"JWT_SECRET_KEY": sec[:63], "JWT_ALGORITHM": "HS512"},
			[]string{"JWT_SECRET_KEY: secret of 63 bytes"}},
		{"a secret that is not random", env{"JWT_SECRET_KEY": strings.Repeat("supersecret", 6)},
			[]string{"JWT_SECRET_KEY: secret with fewer than"}},
		{"PEM in base64", env{"JWT_SECRET_KEY": base64.StdEncoding.EncodeToString(pkcs8(ecKey))},
			[]string{"JWT_SECRET_KEY: secret that is a key of another kind"}},
		{"a JWK", env{"JWT_SECRET_KEY": string(ecJWK)}, []string{"JWT_SECRET_KEY: secret that is a key of another kind"}},
		{"a public key for a private one", env{"JWT_SECRET_KEY": ecPublicPEM},
			[]string{"JWT_SECRET_KEY: a public key, which belongs into JWT_PUBLIC_KEY"}},
		{"a private key for a public one", env{"JWT_PUBLIC_KEY": ecPEM},
			[]string{"JWT_PUBLIC_KEY: a private key, which belongs into JWT_SECRET_KEY"}},
		{"a public key that is not in PEM", env{"JWT_PUBLIC_KEY": sec}, []string{"JWT_PUBLIC_KEY: PEM: no key"}},
		{"a damaged private key", env{"JWT_SECRET_KEY": strings.Replace(ecPEM, "M", "-", 1)},
			[]string{"JWT_SECRET_KEY: PEM: malformed block"}},
		{"a weak private key", env{"JWT_SECRET_KEY": string(pkcs8(rsaOf(1024)))},
			[]string{"JWT_SECRET_KEY: PEM: RSA key of 1024 bits"}},
	})
}

func TestFromEnvironmentRefusesCombinations(t *testing.T) {
	sec, other := string(secret), string(spki(verifierOf(must(jwks.Generate("ES256", nil)))))
	refuseEnvironments(t, []badEnvironment{
		{"a public key of another pair", env{"JWT_SECRET_KEY": ecPEM, "JWT_PUBLIC_KEY": other},
			[]string{"JWT_PUBLIC_KEY: not the public half of JWT_SECRET_KEY"}},
		{"a public key of another type", env{"JWT_SECRET_KEY": ecPEM, "JWT_PUBLIC_KEY": rsaPublicPEM},
			[]string{"JWT_PUBLIC_KEY: not the public half"}},
		{"a public key beside a secret", env{"JWT_SECRET_KEY": sec, "JWT_PUBLIC_KEY": ecPublicPEM},
			[]string{"JWT_PUBLIC_KEY: set, but JWT_SECRET_KEY is a secret"}},
		{"a secret for RS256", env{"JWT_SECRET_KEY": sec, "JWT_ALGORITHM": "RS256"},
			[]string{"JWT_ALGORITHM and JWT_SECRET_KEY: algorithm for key pairs"}},
		{"a private key for HS256", env{"JWT_SECRET_KEY": rsaPEM, "JWT_ALGORITHM": "HS256"},
			[]string{"JWT_ALGORITHM and JWT_SECRET_KEY: algorithm for secrets"}},
		{"a public key for HS256", env{"JWT_PUBLIC_KEY": rsaPublicPEM, "JWT_ALGORITHM": "HS256"},
			[]string{"JWT_ALGORITHM and JWT_PUBLIC_KEY: algorithm for secrets"}},
		{"an EC key for another curve", env{"JWT_SECRET_KEY": ecPEM, "JWT_ALGORITHM": "ES512"},
			[]string{"JWT_ALGORITHM and JWT_SECRET_KEY: algorithm that does not fit the key, which is for ES256"}},
		{"algorithm none", env{"JWT_SECRET_KEY": sec, "JWT_ALGORITHM": "none"}, []string{"JWT_ALGORITHM: none of HS256"}},
		{"an algorithm in lower case", env{"JWT_SECRET_KEY": sec, "JWT_ALGORITHM": "hs256"},
			[]string{"JWT_ALGORITHM: none of HS256"}},
		{"an ID with a line break", env{"JWT_SECRET_KEY": sec, "JWT_KEYID": "a\n"},
			[]string{"JWT_KEYID: over 256 bytes, with control"}},
		{"an algorithm and an ID beside a document only", env{"JWKS_CONTENT": string(setOf(namedEC)), "JWT_ALGORITHM": "ES256", "JWT_KEYID": "e"},
			[]string{"JWT_ALGORITHM: set without JWT_SECRET_KEY", "JWT_KEYID: set without JWT_SECRET_KEY"}},
	})
}

func TestFromEnvironmentRefusesDocuments(t *testing.T) {
	sec := string(secret)
	unnamed := string(setOf(with(octJWK, changes{"kid": nil})))
	zero := with(octJWK, changes{"k": encoded(make([]byte, 32))})
	refuseEnvironments(t, []badEnvironment{
		{"a document that is none", env{"JWKS_CONTENT": "[]"}, []string{"JWKS_CONTENT: not one JSON object"}},
		{"a document without keys", env{"JWKS_CONTENT": `{"keys":[]}`}, []string{"JWKS_CONTENT: set without a key"}},
		{"bad keys in a document", env{"JWKS_CONTENT": string(setOf(namedEC, pub("use", "enc"), zero))},
			[]string{`JWKS_CONTENT: key 1: use other than`, "JWKS_CONTENT: key 2: secret that is only zeroes"}},
		{"one kid twice in a document", env{"JWKS_CONTENT": string(setOf(namedEC, rsaJWK, namedEC))},
			[]string{"JWKS_CONTENT: key 2 with the kid of another, key 0"}},
		{"the kid of the private key", env{"JWT_SECRET_KEY": rsaPEM, "JWT_KEYID": "e", "JWKS_CONTENT": string(setOf(namedEC))},
			[]string{"JWKS_CONTENT: key 0 with the kid of another, that of JWT_SECRET_KEY"}},
		{"the private key once more", env{"JWT_SECRET_KEY": ecPEM, "JWKS_CONTENT": string(setOf(ecJWK))},
			[]string{"JWKS_CONTENT: key 0 with the kid of another, that of JWT_SECRET_KEY"}},
		{"secrets beside public keys in a document", env{"JWKS_CONTENT": string(setOf(namedEC, octJWK))},
			[]string{"JWKS_CONTENT: secrets beside public keys"}},
		{"a secret in the document of a private key", env{"JWT_SECRET_KEY": rsaPEM, "JWKS_CONTENT": string(setOf(octJWK))},
			[]string{"JWKS_CONTENT: secrets beside public keys"}},
		{"a public key in the document of a secret", env{"JWT_SECRET_KEY": sec, "JWT_KEYID": "1", "JWKS_CONTENT": string(setOf(namedEC))},
			[]string{"JWKS_CONTENT: secrets beside public keys"}},
		{"a secret without an ID beside another", env{"JWT_SECRET_KEY": sec, "JWKS_CONTENT": string(setOf(octJWK))},
			[]string{"JWT_KEYID: not set: beside other keys"}},
		{"a former secret without an ID", env{"JWT_SECRET_KEY": sec, "JWT_KEYID": "1", "JWKS_CONTENT": unnamed},
			[]string{"JWKS_CONTENT: key 0 without kid"}},
	})
}

// manyKeys returns a document of n keys.
func manyKeys(n int) string {
	var keys [][]byte
	for i := range n {
		keys = append(keys, with(ecJWK, changes{"kid": fmt.Sprint("former ", i)}))
	}
	return string(setOf(keys...))
}

func TestFromEnvironmentRefusesManyKeys(t *testing.T) {
	const want = "JWKS_CONTENT: more than 100 keys"
	refuseEnvironments(t, []badEnvironment{
		{"101 keys in a document", env{"JWKS_CONTENT": manyKeys(101)}, []string{want}},
		{"100 keys beside a private key", env{"JWT_SECRET_KEY": ecPEM, "JWKS_CONTENT": manyKeys(100)}, []string{want}},
		{"100 keys beside a public key", env{"JWT_PUBLIC_KEY": ecPublicPEM, "JWKS_CONTENT": manyKeys(100)}, []string{want}},
	})
	for _, variables := range []env{{"JWKS_CONTENT": manyKeys(100)}, {"JWT_SECRET_KEY": ecPEM, "JWKS_CONTENT": manyKeys(99)}} {
		checkSetWritten(t, must(fromEnv(variables)).Keys, 0)
	}
}

func TestFromEnvironmentRefusesText(t *testing.T) {
	sec := string(secret)
	refuseEnvironments(t, []badEnvironment{
		{"white space around the issuer", env{"JWT_SECRET_KEY": sec, "JWT_ISSUER": "https://login.example\n"},
			[]string{"JWT_ISSUER: white space"}},
		{"an issuer that is not UTF-8", env{"JWT_SECRET_KEY": sec, "JWT_ISSUER": "\xff"}, []string{"JWT_ISSUER: white space"}},
		{"an audience with a gap", env{"JWT_SECRET_KEY": sec, "JWT_AUDIENCE": "a,,b"}, []string{"JWT_AUDIENCE: part 2 is empty"}},
		{"an audience that is a comma", env{"JWT_SECRET_KEY": sec, "JWT_AUDIENCE": ","},
			[]string{"JWT_AUDIENCE: part 1", "JWT_AUDIENCE: part 2"}},
		{"an audience with a line break", env{"JWT_SECRET_KEY": sec, "JWT_AUDIENCE": "a\n,b"}, []string{"JWT_AUDIENCE: part 1"}},
		{"an audience twice", env{"JWT_SECRET_KEY": sec, "JWT_AUDIENCE": "a, a"}, []string{"JWT_AUDIENCE: part 2 is there twice"}},
	})
}

func refuseEnvironments(t *testing.T, tests []badEnvironment) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := fromEnv(tt.variables)
			if e != nil || err == nil {
				t.Fatalf("accepted: %v, %v", e, err)
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(tt.want) {
				t.Fatalf("%d mistakes, want %d:\n%v", len(lines), len(tt.want), err)
			}
			for i, want := range tt.want {
				if !strings.HasPrefix(lines[i], "jwks: "+want) {
					t.Errorf("mistake %q, want %q", lines[i], want)
				}
			}
		})
	}
}

// canary stands in each variable in turn, in every form that the variable can have. No 8 characters of it may come out.
const canary = "qZ7wJx4vTn9kRb2mLd6y"

func TestFromEnvironmentQuotesNothing(t *testing.T) {
	forms := []string{
		canary, canary + "\n", " " + canary, strings.Repeat(canary, 200), canary + "\x00", canary + "\xff",
		canary + "," + canary, "15" + canary,
		"-----BEGIN " + canary + "-----\nAAAA\n-----END " + canary + "-----\n",
		"-----BEGIN PRIVATE KEY-----\n" + canary + "\n-----END PRIVATE KEY-----\n",
		`-----BEGIN PUBLIC KEY-----\n` + canary + `\n-----END PUBLIC KEY-----\n`,
		string(pemOf("PRIVATE KEY", []byte(canary))), string(pemOf("RSA PRIVATE KEY", []byte(canary))),
		string(pemOf("PUBLIC KEY", []byte(canary))),
		string(ec("kid", canary)), `{"` + canary + `":1,"` + canary + `":2}`, `{"keys":"` + canary + `"}`,
	}
	for _, member := range []string{"kid", "kty", "alg", "use", "crv", "x", "y", "d", canary} {
		changed := with(namedEC, changes{member: canary})
		forms = append(forms, string(setOf(with(changed, changes{"use": "enc"}), changed, changed)),
			string(setOf(with(namedEC, changes{member: canary + "\n"}))))
	}
	for _, member := range []string{"k", "kid", "alg"} {
		forms = append(forms, string(setOf(with(octJWK, changes{member: canary}), with(octJWK, changes{member: canary}))))
	}
	bad := 0
	for _, name := range everyVariable {
		for _, form := range forms {
			for _, key := range []string{unset, string(secret), ecPEM} {
				all := env{"JWT_SECRET_KEY": key, "JWT_KEYID": canary}
				all[name] = form
				_, err := fromEnv(all)
				if err == nil {
					continue
				}
				bad++
				for i := range len(canary) - 7 {
					if strings.Contains(err.Error(), canary[i:i+8]) {
						t.Fatalf("%s: %v", name, err)
					}
				}
			}
		}
	}
	if bad < 500 {
		t.Errorf("only %d mistakes were looked at", bad)
	}
}

func FuzzFromEnvironment(f *testing.F) {
	f.Add(string(secret), "", "HS256", "k", string(setOf(octJWK)), "https://login.example", "a, b", "1d")
	f.Add(ecPEM, ecPublicPEM, "ES256", "", string(setOf(rsaJWK)), "i", "a", "15 minutes")
	f.Add("", rsaPublicPEM, "PS256", "k", "", "i", "a,", "3600")
	f.Add(ecPEM, "", "", "", manyKeys(100), "i", "a", unset)
	f.Fuzz(func(t *testing.T, secretKey, publicKey, algorithm, keyID, content, issuer, audience, expiresIn string) {
		all := env{"JWT_SECRET_KEY": secretKey, "JWT_PUBLIC_KEY": publicKey, "JWT_ALGORITHM": algorithm, "JWT_KEYID": keyID,
			"JWKS_CONTENT": content, "JWT_ISSUER": issuer, "JWT_AUDIENCE": audience, "JWT_EXPIRES_IN": expiresIn}
		for _, name := range everyVariable {
			if all[name] == "" {
				all[name] = unset
			}
		}
		e, err := fromEnv(all)
		if err != nil {
			if e != nil {
				t.Error("an environment beside the error")
			}
			return
		}
		if e.Issuer == "" || len(e.Audience) == 0 || slices.Contains(e.Audience, "") || len(e.Algorithms) == 0 {
			t.Errorf("issuer %q, audience %q, algorithms %q", e.Issuer, e.Audience, e.Algorithms)
		}
		if e.Lifetime < 0 || e.Lifetime > 365*24*time.Hour || (e.Lifetime == 0) != (all["JWT_EXPIRES_IN"] == unset) {
			t.Errorf("%q became %v", expiresIn, e.Lifetime)
		}
		for _, algorithm := range e.Algorithms {
			if strings.HasPrefix(algorithm, "HS") != strings.HasPrefix(e.Algorithms[0], "HS") {
				t.Errorf("algorithms %q mix secrets with public keys", e.Algorithms)
			}
		}
		checkSetWritten(t, e.Keys, len(content))
	})
}

func TestEnvironmentRedactsKeys(t *testing.T) {
	for _, variables := range []env{
		{"JWT_SECRET_KEY": string(secret)}, {"JWT_SECRET_KEY": rsaPEM}, {"JWT_SECRET_KEY": ecPEM},
		{"JWKS_CONTENT": string(setOf(octJWK))}, {"JWKS_CONTENT": string(setOf(rsaJWK, namedEC, ed25519JWK))},
	} {
		e, err := fromEnv(variables)
		if err != nil {
			t.Fatal(err)
		}
		out := printed(e) + printed(*e) + printed(struct{ e jwks.Environment }{*e})
		for _, k := range []*jwks.Key{secretNamed(""), named(rsaKey, "", ""), named(ecKey, "", ""), named(ed25519Key, "", "")} {
			for _, needle := range needles(k) {
				if strings.Contains(out, needle) {
					t.Errorf("%q came out", needle)
				}
			}
		}
	}
}
