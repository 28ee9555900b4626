package jwks

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// maxPEM bounds what ParsePEM reads, in bytes.
const maxPEM = 64 << 10

// ParsePEM returns the key in data, which holds one PEM block of a kind that openssl writes: a private key as PKCS #8
// ("PRIVATE KEY"), PKCS #1 ("RSA PRIVATE KEY") or SEC 1 ("EC PRIVATE KEY"), or a public key ("PUBLIC KEY",
// "RSA PUBLIC KEY"). A block "EC PARAMETERS" before it and text around it are ignored; a second key, an encrypted one, a
// certificate and more than 64 KiB are errors. The rest is as for [NewKey]. It reads keys of one's own: crypto/x509 may take
// minutes over a private key that a stranger has made for that.
//
// Lines end with LF or CRLF, or, as in environment variables and JSON, with the two characters \n or the four \r\n, if
// all of data is one line. White space around data and one pair of quotes, " or ', are ignored: docker run --env-file is
// one that leaves them in place. Any other escape, or a mixture with real line ends, is an error.
func ParsePEM(data []byte, opts *KeyOptions) (*Key, error) {
	k, err := parsePEM(data, opts)
	if err != nil {
		return nil, fmt.Errorf("jwks: PEM: %w", err)
	}
	return k, nil
}

func parsePEM(data []byte, opts *KeyOptions) (*Key, error) {
	if len(data) > maxPEM {
		return nil, errors.New("over 64 KiB")
	}
	block, err := onlyBlock(inLines(data))
	if err != nil {
		return nil, err
	}
	parse, ok := parsers[block.Type]
	switch {
	case strings.HasPrefix(block.Type, "ENCRYPTED") || block.Headers["Proc-Type"] != "":
		return nil, errors.New("encrypted private key: decrypt it first, as with openssl pkey")
	case block.Type == "CERTIFICATE":
		return nil, errors.New("certificate: take its public key, as with openssl x509 -pubkey")
	case !ok:
		return nil, errors.New("block of a kind that is not supported")
	}
	key, err := parse(block.Bytes)
	if err != nil {
		// What x509 says is left out: it may name parts of what it could not read.
		return nil, fmt.Errorf("malformed or unsupported %s", block.Type)
	}
	return newKey(key, opts)
}

var parsers = map[string]func(der []byte) (any, error){
	"PRIVATE KEY":     x509.ParsePKCS8PrivateKey,
	"RSA PRIVATE KEY": func(der []byte) (any, error) { return x509.ParsePKCS1PrivateKey(der) },
	"EC PRIVATE KEY":  func(der []byte) (any, error) { return x509.ParseECPrivateKey(der) },
	"PUBLIC KEY":      x509.ParsePKIXPublicKey,
	"RSA PUBLIC KEY":  func(der []byte) (any, error) { return x509.ParsePKCS1PublicKey(der) },
}

// inLines returns data as it was before it was put into a variable: without quotes around it and, if it is one line, with
// the line ends that are spelt out there. In several lines a backslash is none of them: pem.Decode refuses it in a block.
func inLines(data []byte) []byte {
	data = bytes.Trim(data, whiteSpace)
	for _, quote := range []string{`"`, "'"} {
		inner, opened := bytes.CutPrefix(data, []byte(quote))
		inner, closed := bytes.CutSuffix(inner, []byte(quote))
		if opened && closed {
			data = bytes.Trim(inner, whiteSpace)
			break
		}
	}
	if bytes.ContainsAny(data, "\r\n") {
		return data
	}
	data = bytes.ReplaceAll(data, []byte(`\r\n`), []byte("\n"))
	return bytes.ReplaceAll(data, []byte(`\n`), []byte("\n"))
}

const whiteSpace = " \t\r\n"

// onlyBlock returns the one block in data besides EC PARAMETERS.
func onlyBlock(data []byte) (*pem.Block, error) {
	var only *pem.Block
	blocks := 0
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		blocks++
		switch {
		case only != nil:
			return nil, errors.New("several blocks where one key is due")
		case block.Type != "EC PARAMETERS":
			only = block
		}
	}
	// pem.Decode steps over a block that it cannot read, and would take the next one instead.
	if blocks != bytes.Count(data, []byte("-----BEGIN ")) {
		return nil, errors.New("malformed block")
	}
	if only == nil {
		return nil, errors.New("no key")
	}
	return only, nil
}
