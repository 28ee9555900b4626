package jwks_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/countersign-go/countersign/jwks"
)

// A private key as openssl genpkey writes it. This one is in RFC 8410, so it protects nothing.
const privatePEM = `
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
`

func ExampleParsePEM() {
	key, err := jwks.ParsePEM([]byte(privatePEM), &jwks.KeyOptions{ID: "2026-01"})
	fmt.Println(key, err)
	// Output: EdDSA key "2026-01" <nil>
}

func ExampleParseJWK() {
	key, err := jwks.ParseJWK([]byte(`{
		"kty": "OKP", "crv": "Ed25519", "use": "sig",
		"x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
	}`))
	fmt.Println(key, err)
	// Without a kid, the ID is the thumbprint that RFC 8037 states for this key.

	// Output: EdDSA key "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" <nil>
}

func ExampleNewKey() {
	// Any crypto.Signer will do, such as one before a KMS.
	var signer crypto.Signer
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	key, err := jwks.NewKey(signer, &jwks.KeyOptions{ID: "kms-1"})
	fmt.Println(key, err)

	// A curve decides the algorithm.
	_, err = jwks.NewKey(signer, &jwks.KeyOptions{Algorithm: "ES512"})
	fmt.Println(err)
	// Output:
	// ES256 key "kms-1" <nil>
	// jwks: algorithm that does not fit the key, which is for ES256
}

func ExampleNewSecret() {
	secret := []byte("use 32 random bytes, not a phrase")
	key, err := jwks.NewSecret(secret, &jwks.KeyOptions{Algorithm: "HS256"})
	fmt.Println(key, err)
	_, err = jwks.NewSecret(secret, &jwks.KeyOptions{Algorithm: "HS512"})
	fmt.Println(err)
	// Output:
	// HS256 key <nil>
	// jwks: secret of 33 bytes, which are too few for HS512
}

// The public key of another algorithm is known to everyone: as a secret, it would let everyone sign.
func ExampleNewSecret_publicKey() {
	key, err := jwks.ParsePEM([]byte(privatePEM), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	public, err := x509.MarshalPKIXPublicKey(verifierOf(key))
	if err != nil {
		fmt.Println(err)
		return
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	_, err = jwks.NewSecret(text, &jwks.KeyOptions{Algorithm: "HS256"})
	fmt.Println(err)
	// Output: jwks: secret that is a key of another kind (PEM, DER, JWK or OpenSSH)
}

func ExampleGenerate() {
	key, err := jwks.Generate("ES384", &jwks.KeyOptions{ID: "test"})
	fmt.Println(key, key.CanSign(), err)
	// Output: ES384 key "test" true <nil>
}

func ExampleNewSet() {
	current, err := jwks.ParsePEM([]byte(privatePEM), &jwks.KeyOptions{ID: "2026-01"})
	if err != nil {
		fmt.Println(err)
		return
	}
	former, err := jwks.Generate("RS256", &jwks.KeyOptions{ID: "2025-07"})
	if err != nil {
		fmt.Println(err)
		return
	}
	set, err := jwks.NewSet(current, former) // the first signs, both verify
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()

	kid, alg, _, err := set.SigningKey(ctx)
	fmt.Println(kid, alg, err)
	key, err := set.VerificationKey(ctx, "https://issuer.example", "RS256", "2025-07")
	fmt.Printf("%T %v\n", key, err)
	_, err = set.VerificationKey(ctx, "https://issuer.example", "HS256", "2025-07")
	fmt.Println(err)
	// Output:
	// 2026-01 EdDSA <nil>
	// *rsa.PublicKey <nil>
	// jwks: token for another algorithm than its key: auth: invalid credentials
}

func ExampleParseSet() {
	_, err := jwks.ParseSet([]byte(`{"keys": [
		{"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
		{"kty": "OKP", "crv": "Ed25519", "kid": "b", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "use": "enc"},
		{"kty": "oct", "kid": "c", "k": "c2VjcmV0"}
	]}`))
	fmt.Println(err)
	// Output:
	// jwks: JWK Set: key 1, ID "b": use other than "sig"
	// jwks: JWK Set: key 2, ID "c": secret for an algorithm other than HS256, HS384 and HS512
}

func ExampleHandler() {
	key, err := jwks.ParsePEM([]byte(privatePEM), &jwks.KeyOptions{ID: "2026-01"})
	if err != nil {
		fmt.Println(err)
		return
	}
	set, err := jwks.NewSet(key)
	if err != nil {
		fmt.Println(err)
		return
	}
	published, err := jwks.Handler(set)
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/.well-known/jwks.json", published)

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/.well-known/jwks.json", nil))
	fmt.Println(w.Header().Get("Content-Type"))
	fmt.Println(w.Body)
	// Output:
	// application/jwk-set+json
	// {"keys":[{"alg":"EdDSA","crv":"Ed25519","kid":"2026-01","kty":"OKP","use":"sig","x":"Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE"}]}
}

// Secrets are not for publishing, and there is no way to have it done.
func ExampleHandler_secret() {
	key, err := jwks.Generate("HS256", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	set, err := jwks.NewSet(key)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = jwks.Handler(set)
	fmt.Println(err)
	// Output: jwks: set without a public key: secrets cannot be published
}

// A new key is written once, to where secrets are kept, and its public half wherever it is needed.
func ExampleKey_PrivatePEM() {
	key, err := jwks.Generate("ES256", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	private, err := key.PrivatePEM(jwks.PKCS8)
	if err != nil {
		fmt.Println(err)
		return
	}
	again, err := jwks.ParsePEM(private, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(again.ID() == key.ID(), again.CanSign())

	_, err = key.PrivatePEM(jwks.PKCS1)
	fmt.Println(err)
	// Output:
	// true true
	// jwks: PEM: format for RSA, which the key is not
}

func ExampleKey_PublicJWK() {
	key, err := jwks.ParsePEM([]byte(privatePEM), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	public, err := key.PublicJWK()
	fmt.Println(string(public), err)
	// Output: {"alg":"EdDSA","crv":"Ed25519","kid":"3YZxBJ12jO3n_mXt_q-j_Z-TFP1vt-NiI3OCf-fEnHQ","kty":"OKP","use":"sig","x":"Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE"} <nil>
}

// What JWKS_CONTENT is to hold is what ParseSet reads.
func ExampleSet_PrivateJWKSet() {
	key, err := jwks.Generate("EdDSA", &jwks.KeyOptions{ID: "2026-01"})
	if err != nil {
		fmt.Println(err)
		return
	}
	set, err := jwks.NewSet(key)
	if err != nil {
		fmt.Println(err)
		return
	}
	document, err := set.PrivateJWKSet()
	if err != nil {
		fmt.Println(err)
		return
	}
	again, err := jwks.ParseSet(document)
	if err != nil {
		fmt.Println(err)
		return
	}
	kid, alg, _, err := again.SigningKey(context.Background())
	fmt.Println(kid, alg, err)
	// Output: 2026-01 EdDSA <nil>
}
