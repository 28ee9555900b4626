package jwks_test

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/jwks"
)

// openssl runs a command of openssl's, with input, and returns its output.
func openssl(t *testing.T, input []byte, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("openssl", args...)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	return out
}

// openssl reads what is written here, and what it writes in the same forms is read here.
func TestOpenSSL(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed: the exchange of PEM with it was not tested")
	}
	for _, key := range []any{rsaKey, ecKey, p384Key, p521Key, ed25519Key} {
		k := named(key, "", "")
		t.Run(k.Algorithm(), func(t *testing.T) {
			opts := &jwks.KeyOptions{Algorithm: k.Algorithm()}
			for _, f := range formatsFor(k.Algorithm()) {
				text := must(k.PrivatePEM(f))
				checkLabel(t, k, openssl(t, text, "pkey"), jwks.PKCS8)
				if f != jwks.PKCS8 {
					checkLabel(t, k, openssl(t, text, "pkey", "-traditional"), f)
				}
				checkSame(t, must(jwks.ParsePEM(openssl(t, text, "pkey", "-pubout"), opts)), k, false)
			}
			openssl(t, must(k.PrivatePEM(jwks.PKCS8)), "pkey", "-check", "-noout")
			public := openssl(t, must(k.PublicPEM()), "pkey", "-pubin", "-pubout")
			checkSame(t, must(jwks.ParsePEM(public, opts)), k, false)
		})
	}
}

// checkLabel fails unless text is k in the format f.
func checkLabel(t *testing.T, k *jwks.Key, text []byte, f jwks.Format) {
	t.Helper()
	if !bytes.Contains(text, []byte("-----BEGIN "+string(f)+"-----")) {
		t.Errorf("openssl did not write %s", f)
	}
	checkSame(t, must(jwks.ParsePEM(text, &jwks.KeyOptions{Algorithm: k.Algorithm()})), k, true)
}
