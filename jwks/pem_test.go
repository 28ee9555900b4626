package jwks_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/jwks"
)

func TestParsePEM(t *testing.T) {
	sec1 := pemOf("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(ecKey)))
	parameters := pemOf("EC PARAMETERS", []byte("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"))
	tests := []struct {
		name      string
		data      []byte
		algorithm string
		canSign   bool
	}{
		{"PKCS #8, RSA", pkcs8(rsaKey), "RS256", true},
		{"PKCS #8, EC", pkcs8(p384Key), "ES384", true},
		{"PKCS #8, Ed25519", pkcs8(ed25519Key), "EdDSA", true},
		{"PKCS #1 private", pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)), "RS256", true},
		{"SEC 1", sec1, "ES256", true},
		{"SEC 1 behind its parameters, as openssl ecparam -genkey writes", append(parameters, sec1...), "ES256", true},
		{"a public RSA key", spki(&rsaKey.PublicKey), "RS256", false},
		{"a public EC key", spki(&p521Key.PublicKey), "ES512", false},
		{"a public Ed25519 key", spki(ed25519Key.Public()), "EdDSA", false},
		{"PKCS #1 public", pemOf("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsaKey.PublicKey)), "RS256", false},
		{"text around, as openssl pkcs12 writes", []byte("Bag Attributes\n    friendlyName: k\n" + string(pkcs8(ecKey)) + "\n\n"), "ES256", true},
		{"Windows line ends", bytes.ReplaceAll(pkcs8(ecKey), []byte("\n"), []byte("\r\n")), "ES256", true},
		{"one line", oneLine(pkcs8(ecKey)), "ES256", true},
		{"one line with a line end of its own", append(oneLine(pkcs8(ecKey)), "\r\n"...), "ES256", true},
		{"one line with Windows line ends", bytes.ReplaceAll(pkcs8(rsaKey), []byte("\n"), []byte(`\r\n`)), "RS256", true},
		{"one line that does not end in an escape", bytes.TrimSuffix(oneLine(spki(&ecKey.PublicKey)), []byte(`\n`)), "ES256", false},
		{"one line with parameters", oneLine(append(parameters, sec1...)), "ES256", true},
		{"one line in quotes", quoted(oneLine(pkcs8(ecKey)), `"`), "ES256", true},
		{"one line in single quotes", quoted(oneLine(pkcs8(ecKey)), "'"), "ES256", true},
		{"one line in quotes, with white space around", []byte(" \"" + string(oneLine(pkcs8(ecKey))) + " \"\n"), "ES256", true},
		{"lines in quotes", quoted(pkcs8(ecKey), `"`), "ES256", true},
		{"a JSON string", must(json.Marshal(string(pkcs8(ecKey)))), "ES256", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k, err := jwks.ParsePEM(tt.data, &jwks.KeyOptions{ID: "k"})
			if err != nil {
				t.Fatal(err)
			}
			if k.ID() != "k" || k.Algorithm() != tt.algorithm || k.CanSign() != tt.canSign {
				t.Errorf("%v, can sign %t; want %s, %t", k, k.CanSign(), tt.algorithm, tt.canSign)
			}
		})
	}
}

// oneLine returns lines as an environment variable holds them.
func oneLine(lines []byte) []byte { return bytes.ReplaceAll(lines, []byte("\n"), []byte(`\n`)) }

func quoted(text []byte, quote string) []byte { return []byte(quote + string(text) + quote) }

// What leaves open where the lines end, or is a text in a text, is refused.
func TestParsePEMRefusesMixtures(t *testing.T) {
	good, line := string(pkcs8(ecKey)), string(oneLine(pkcs8(ecKey)))
	tests := []struct {
		name, data string
		want       string
	}{
		{"the first line end escaped", strings.Replace(good, "\n", `\n`, 1), "malformed block"},
		{"the second line end escaped", strings.Replace(good, "\n", `\n`, 2), "malformed block"},
		{"the first line end not escaped", strings.Replace(line, `\n`, "\n", 1), "malformed block"},
		{"an escape behind the last line", good[:len(good)-1] + `\n` + "\n", "malformed block"},
		{"a comment line before one line", "# key\n" + line, "malformed block"},
		{"escapes that are escaped", strings.ReplaceAll(line, `\n`, `\\n`), "malformed block"},
		{"other escapes", strings.ReplaceAll(line, `\n`, `\u000a`), "malformed block"},
		{"only carriage returns", strings.ReplaceAll(good, "\n", "\r"), "malformed block"},
		{"only escaped carriage returns", strings.ReplaceAll(good, "\n", `\r`), "malformed block"},
		{"spaces for line ends", strings.ReplaceAll(good, "\n", " "), "malformed block"},
		{"one quote", `"` + good, "malformed block"},
		{"two different quotes", `"` + good + "'", "malformed block"},
		{"quotes in quotes", `"'` + good + `'"`, "malformed block"},
		{"only a quote", `"`, "no key"},
		{"two keys on one line", line + line, "several blocks"},
		{"over 64 KiB of white space", good + strings.Repeat(" ", 64<<10), "over 64 KiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k, err := jwks.ParsePEM([]byte(tt.data), nil)
			checkRefused(t, k, err, tt.want)
		})
	}
}

func TestParsePEMRefuses(t *testing.T) {
	good := pkcs8(ecKey)
	p224 := must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader))
	encrypted := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: []byte{1}, Headers: map[string]string{
		"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00"}})
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	certificate := must(x509.CreateCertificate(rand.Reader, template, template, &ecKey.PublicKey, ecKey))
	tests := []struct {
		name string
		data []byte
		opts *jwks.KeyOptions
		want string
	}{
		{"nothing", nil, nil, "no key"},
		{"no PEM", []byte("not a key"), nil, "no key"},
		{"a JWK", ecJWK, nil, "no key"},
		{"parameters only", pemOf("EC PARAMETERS", []byte{6}), nil, "no key"},
		{"two keys", append(good, good...), nil, "several blocks"},
		{"a key and a certificate", append(good, pemOf("CERTIFICATE", certificate)...), nil, "several blocks"},
		{"a certificate", pemOf("CERTIFICATE", certificate), nil, "take its public key"},
		{"an encrypted PKCS #8 key", pemOf("ENCRYPTED PRIVATE KEY", []byte{1}), nil, "encrypted"},
		{"an encrypted PKCS #1 key", encrypted, nil, "encrypted"},
		{"an OpenSSH key", pemOf("OPENSSH PRIVATE KEY", []byte{1}), nil, "kind that is not supported"},
		{"a damaged key before a good one", append([]byte("-----BEGIN PRIVATE KEY-----\n????\n-----END PRIVATE KEY-----\n"), good...), nil, "malformed block"},
		{"a key that is cut off", good[:100], nil, "malformed block"},
		{"a byte order mark", append([]byte("\ufeff"), good...), nil, "malformed block"},
		{"the wrong label", pemOf("RSA PRIVATE KEY", must(x509.MarshalECPrivateKey(ecKey))), nil, "malformed or unsupported RSA PRIVATE KEY"},
		{"no DER", pemOf("PUBLIC KEY", secret), nil, "malformed or unsupported PUBLIC KEY"},
		{"a curve that is not supported", pkcs8(p224), nil, "curve other than"},
		{"RSA with 1024 bits", pkcs8(rsaOf(1024)), nil, "1024 bits"},
		{"RSA with exponent 3", pemOf("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(publicRSA(rsaKey.N, 3))), nil, "exponent"},
		{"RSA whose prime is none", pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(ofComposite(false))), nil, "belong together"},
		{"an algorithm that does not fit", good, &jwks.KeyOptions{Algorithm: "RS256"}, "does not fit"},
		{"over 64 KiB", append(good, strings.Repeat("\n", 64<<10)...), nil, "over 64 KiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k, err := jwks.ParsePEM(tt.data, tt.opts)
			checkRefused(t, k, err, tt.want)
		})
	}
}

func FuzzParsePEM(f *testing.F) {
	f.Add(pkcs8(rsaKey))
	f.Add(pkcs8(ecKey))
	f.Add(pkcs8(ed25519Key))
	f.Add(pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)))
	f.Add(pemOf("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsaKey.PublicKey)))
	f.Add(append(pemOf("EC PARAMETERS", []byte{6}), pemOf("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(p521Key)))...))
	f.Add(spki(&p384Key.PublicKey))
	f.Add(quoted(oneLine(pkcs8(ecKey)), `"`))
	f.Add(pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(ofComposite(false))))
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := jwks.ParsePEM(data, nil)
		if err != nil {
			return
		}
		checkUsable(t, k)
		checkWritten(t, k)
		if r, ok := verifierOf(k).(*rsa.PublicKey); ok && r.N.BitLen() < 2048 {
			t.Errorf("RSA key of %d bits", r.N.BitLen())
		}
	})
}
